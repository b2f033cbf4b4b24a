import type { NodeStatus } from '@kubelab/api/types';
import { computeNodeStatus, imageList, type NodeStatusInput, statusChanged } from './node-status.js';

const input: NodeStatusInput = {
  machine: { architecture: 'amd64', bootID: 'b', machineID: 'm', systemUUID: 's', kernelVersion: 'k', osImage: 'o' },
  limits: { cpus: 1.5, memory: 1024 ** 3, pids: 100 },
  disk: { capacityBytes: 1000 * 1024 },
  maxPods: 110,
  reserved: { cpuMilli: 100, memoryBytes: 24 * 1024 ** 2 },
  evictionHard: [
    { signal: 'memory.available', limit: { amount: 100 * 1024 ** 2 } },
    { signal: 'nodefs.available', limit: { part: 0.1 } },
  ],
  addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
  runtimeVersion: 'docker://20.10',
  port: 10_250,
  images: [],
  ready: { problems: [] },
  pressure: { memory: false, disk: false, pid: false },
  old: {},
  now: '2026-01-01T00:00:00Z',
};
const condition = (status: NodeStatus, type: string) => status.conditions?.find((item) => item.type === type);

test('capacity and what is left of it for pods', () => {
  const { capacity, allocatable } = computeNodeStatus(input);
  expect(capacity).toMatchObject({ cpu: '1500m', memory: '1048576Ki', 'ephemeral-storage': '1000Ki', pods: '110' });
  expect(allocatable).toMatchObject({ cpu: '1400m', memory: `${900 * 1024}Ki`, 'ephemeral-storage': '921600' });
});

test('a condition keeps its time until it changes', () => {
  const before = computeNodeStatus(input);
  const later = computeNodeStatus({
    ...input,
    old: before,
    now: '2026-01-01T01:00:00Z',
    pressure: { memory: true, disk: false, pid: false },
    ready: { problems: ['a', 'b'] },
  });
  expect(condition(later, 'DiskPressure')?.lastTransitionTime).toBe('2026-01-01T00:00:00Z');
  expect(condition(later, 'MemoryPressure')).toMatchObject({
    status: 'True',
    reason: 'KubeletHasInsufficientMemory',
    lastTransitionTime: '2026-01-01T01:00:00Z',
  });
  expect(condition(later, 'Ready')).toMatchObject({ status: 'False', reason: 'KubeletNotReady', message: '[a, b]' });
  expect(statusChanged(before, later)).toBe(true);
});

test('heartbeats alone are no change, conditions of others stay', () => {
  const foreign = { type: 'NetworkUnavailable', status: 'False' };
  const before = computeNodeStatus({ ...input, old: { conditions: [foreign] } });
  expect(before.conditions?.[0]).toEqual(foreign);
  expect(statusChanged(before, computeNodeStatus({ ...input, old: before, now: '2026-01-01T01:00:00Z' }))).toBe(false);
});

test('the API server writes amounts in another way, and that is no change', () => {
  const own = computeNodeStatus(input);
  const served = {
    ...own,
    capacity: { ...own.capacity, memory: '1Gi' },
    allocatable: { ...own.allocatable, memory: '900Mi' },
  };
  expect(statusChanged(served, own)).toBe(false);
  expect(statusChanged({ ...served, capacity: { ...own.capacity, memory: '2Gi' } }, own)).toBe(true);
});

test('images: the largest first, few names each, none without a name', () => {
  const image = (name: string, size: number) => ({ repoTags: name ? [name] : [], repoDigests: [], size });
  const listed = imageList([image('a', 1), image('', 9), image('b', 5)]);
  expect(listed).toEqual([
    { names: ['b'], sizeBytes: 5 },
    { names: ['a'], sizeBytes: 1 },
  ]);
});
