import type { Pod } from '@kubelab/api/types';
import { complete } from '@kubelab/proto/complete';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { StatsReader } from './stats.js';

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
    network: undefined,
  }),
  disk: async () => ({ capacityBytes: 1000, availableBytes: 400, inodes: 100, inodesFree: 60 }),
  files: async () => ({
    logs: new Map([['app', { bytes: 20, inodes: 2 }]]),
    volumes: new Map([['cache', { bytes: 7, inodes: 1 }]]),
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
          },
        ],
        volume: [{ name: 'cache', ...fs, usedBytes: 7, inodesUsed: 1 }],
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
