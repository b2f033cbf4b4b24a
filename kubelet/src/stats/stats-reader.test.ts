import type { Pod } from '@kubelab/api/types';
import { complete } from '@kubelab/proto/complete';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { StatsReader } from './stats-reader.js';

const labels = {
  'io.kubernetes.pod.uid': 'u1',
  'io.kubernetes.pod.name': 'web',
  'io.kubernetes.pod.namespace': 'shop',
  'io.kubernetes.container.name': 'app',
};
const value = (amount: number): { value: number } => ({ value: amount });
const sandbox = complete('PodSandboxStats', {
  attributes: { id: 's', labels },
  linux: {
    containers: [
      {
        attributes: { id: 'c', labels },
        cpu: { usageCoreNanoSeconds: value(2e9), usageNanoCores: value(1000) },
        memory: { workingSetBytes: value(50), usageBytes: value(60) },
        writableLayer: { usedBytes: value(100), inodesUsed: value(3) },
        swap: { swapAvailableBytes: value(8), swapUsageBytes: value(2) },
      },
    ],
  },
});
const pod = {
  metadata: { uid: 'u1', name: 'web', namespace: 'shop' },
  spec: { containers: [{ name: 'app' }] },
  status: {
    startTime: '2026-01-01T00:00:00Z',
    containerStatuses: [{ name: 'app', state: { running: { startedAt: '2026-01-01T00:00:10Z' } } }],
  },
} as unknown as Pod;

const disk = { capacityBytes: 1000, availableBytes: 400, inodes: 100, inodesFree: 60 };

const reader = new StatsReader({
  runtime: {
    listPodSandboxStats: async () => ({ stats: [sandbox] }),
    listContainerStats: async () => ({ stats: [] }),
    listPodSandbox: async () => ({ items: [] }),
    podSandboxStats: async () => ({ stats: null, timestamp: 0 }),
  },
  nodeName: 'n1',
  pods: () => [pod],
  node: async () => ({
    cpuNanoseconds: 5e9,
    memoryUsage: 700,
    memoryWorkingSet: 600,
    memoryRss: 500,
    memoryCapacity: 1000,
    swap: { usedBytes: 5, limitBytes: 25 },
    network: undefined,
  }),
  podsTogether: async () => ({
    cpuNanoseconds: 3e9,
    memoryUsage: 300,
    memoryWorkingSet: 200,
    memoryRss: 100,
    memoryCapacity: 900,
    swap: { usedBytes: 0, limitBytes: undefined },
    network: undefined,
  }),
  disk: async () => disk,
  files: async () => ({
    logs: new Map([['app', { bytes: 20, inodes: 2 }]]),
    volumes: [
      { name: 'cache', size: { bytes: 7, inodes: 1 }, disk, isEphemeral: true },
      {
        name: 'data',
        size: { bytes: 9, inodes: 2 },
        disk: { ...disk, capacityBytes: 50 },
        isEphemeral: false,
        claim: { name: 'c1', namespace: 'shop' },
      },
    ],
  }),
  pids: () => ({ used: 12, limit: 99 }),
  clock: new FakeClock(),
  startTime: '2026-01-01T00:00:00Z',
});

test('the summary has upstream’s fields', async () => {
  const fs = { availableBytes: 400, capacityBytes: 1000, inodesFree: 60, inodes: 100 };
  expect(await reader.summary()).toMatchObject({
    node: {
      nodeName: 'n1',
      cpu: { usageCoreNanoSeconds: 5e9 },
      memory: { availableBytes: 400, usageBytes: 700, workingSetBytes: 600, rssBytes: 500 },
      fs: { ...fs, usedBytes: 600, inodesUsed: 40 },
      runtime: { imageFs: fs, containerFs: fs },
      rlimit: { maxpid: 99, curproc: 12 },
      swap: { swapAvailableBytes: 20, swapUsageBytes: 5 },
      systemContainers: [
        {
          name: 'pods',
          startTime: '2026-01-01T00:00:00Z',
          cpu: { usageCoreNanoSeconds: 3e9 },
          memory: { availableBytes: 700, usageBytes: 300, workingSetBytes: 200, rssBytes: 100 },
        },
      ],
    },
    pods: [
      {
        podRef: { name: 'web', namespace: 'shop', uid: 'u1' },
        startTime: '2026-01-01T00:00:00Z',
        containers: [
          {
            name: 'app',
            startTime: '2026-01-01T00:00:10Z',
            cpu: { usageNanoCores: 1000, usageCoreNanoSeconds: 2e9 },
            memory: { workingSetBytes: 50, usageBytes: 60 },
            rootfs: { usedBytes: 100, inodesUsed: 3 },
            logs: { ...fs, usedBytes: 20, inodesUsed: 2 },
            swap: { swapAvailableBytes: 8, swapUsageBytes: 2 },
          },
        ],
        volume: [
          { name: 'cache', ...fs, usedBytes: 7, inodesUsed: 1 },
          {
            name: 'data',
            ...fs,
            capacityBytes: 50,
            usedBytes: 9,
            inodesUsed: 2,
            pvcRef: { name: 'c1', namespace: 'shop' },
          },
        ],
        'ephemeral-storage': { ...fs, usedBytes: 127, inodesUsed: 6 },
      },
    ],
  });
});

test('the resource metrics have what a metrics server reads', async () => {
  const lines = (await reader.resourceMetrics()).split('\n').filter((line) => !line.startsWith('#'));
  const of = '{container="app",namespace="shop",pod="web"}';
  expect(lines).toEqual([
    `container_cpu_usage_seconds_total${of} 2`,
    `container_memory_working_set_bytes${of} 50`,
    `container_start_time_seconds${of} 1767225610`,
    'pod_cpu_usage_seconds_total{namespace="shop",pod="web"} 2',
    'pod_memory_working_set_bytes{namespace="shop",pod="web"} 50',
    'node_cpu_usage_seconds_total 5',
    'node_memory_working_set_bytes 600',
    'resource_scrape_error 0',
    '',
  ]);
});
