import type { Pod } from '@kubelab/api/types';
import { silentLogger } from '@kubelab/component/logger';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import type { PodVerdict } from '../pods/status.js';
import { EvictionManager, type EvictionManagerOptions } from './eviction-manager.js';
import { Pressure } from './pressure.js';
import { binaryQuantity, evictionMessage, type PodConsumption, rank } from './ranking.js';
import { exceededStorage, hasStorageLimits } from './storage-limits.js';
import { defaultEvictionHard, isCrossed, type Observations, readThresholds, type Threshold } from './thresholds.js';

const mi = 1024 * 1024;
const flags = { hard: '', soft: '', softGracePeriods: [], minimumReclaim: [] };
const memory: Threshold = { signal: 'memory.available', limit: { amount: 100 * mi }, graceMs: 0 };
const seen = (available: number): Observations => ({
  'memory.available': { available: available * mi, capacity: 1000 * mi },
});

function pod(name: string, request: string | undefined, more: object = {}): Pod {
  const resources = request ? { requests: { memory: request } } : {};
  return {
    metadata: { name, namespace: 'default', uid: name },
    spec: { containers: [{ name: 'app', resources }], ...more },
  } as unknown as Pod;
}

function using(mebibytes: number): PodConsumption {
  const containers = [{ name: 'app', memory: mebibytes * mi, storage: mebibytes * mi }];
  return { memory: mebibytes * mi, storage: mebibytes * mi, inodes: mebibytes, processes: mebibytes, containers };
}

describe('thresholds', () => {
  test('the default', () => {
    const found = readThresholds({ ...flags, hard: defaultEvictionHard });
    expect(found.map(({ signal }) => signal)).toEqual([
      'memory.available',
      'nodefs.available',
      'nodefs.inodesFree',
      'imagefs.available',
      'imagefs.inodesFree',
    ]);
    expect(found[1]).toEqual({ signal: 'nodefs.available', limit: { part: 0.1 }, graceMs: 0 });
  });

  test('soft ones with their time and what is to be freed', () => {
    const found = readThresholds({
      ...flags,
      soft: 'memory.available<200Mi',
      softGracePeriods: ['memory.available=1m30s'],
      minimumReclaim: ['memory.available=5%'],
    });
    expect(found).toEqual([
      { signal: 'memory.available', limit: { amount: 200 * mi }, graceMs: 90_000, minReclaim: { part: 0.05 } },
    ]);
  });

  test.each<[Partial<typeof flags>, RegExp]>([
    [{ hard: 'memory.available' }, /invalid eviction threshold syntax/],
    [{ hard: 'memory.available<1<2' }, /invalid eviction threshold syntax/],
    [{ hard: 'cpu.available<1' }, /unknown eviction signal: cpu.available/],
    [{ hard: 'memory.available<x' }, /./],
    [{ hard: 'nodefs.available<101%' }, /must be <= 100%/],
    [{ hard: 'memory.available<1Mi,memory.available<2Mi' }, /duplicate/],
    [
      { soft: 'memory.available<1Mi' },
      /grace period must be specified for the soft eviction threshold memory.available/,
    ],
    [{ softGracePeriods: ['memory.available'] as never }, /must be SIGNAL=VALUE/],
    [{ softGracePeriods: ['memory.available=soon'] as never }, /not a duration/],
  ])('%j is refused', (change, message) => {
    expect(() => readThresholds({ ...flags, ...change })).toThrow(message);
  });

  test('what is to be freed counts only once a threshold was crossed', () => {
    const threshold = { ...memory, minReclaim: { amount: 50 * mi } };
    expect(isCrossed(threshold, seen(120), { reclaimed: false })).toBe(false);
    expect(isCrossed(threshold, seen(120), { reclaimed: true })).toBe(true);
    expect(isCrossed(threshold, { 'memory.available': { available: 0, capacity: 0 } }, { reclaimed: false })).toBe(
      false,
    );
  });
});

describe('pressure', () => {
  test('a soft threshold waits, a condition stays for a while', () => {
    const pressure = new Pressure([{ ...memory, graceMs: 90 }], 300);
    expect(pressure.observe(seen(50), 0)).toEqual([]);
    expect(pressure.conditions).toEqual(['MemoryPressure']);
    expect(pressure.observe(seen(50), 90)).toHaveLength(1);
    expect(pressure.observe(seen(500), 100)).toEqual([]);
    expect(pressure.conditions).toEqual(['MemoryPressure']);
    pressure.observe(seen(500), 391);
    expect(pressure.conditions).toEqual([]);
  });

  test('a soft threshold that is left begins anew', () => {
    const pressure = new Pressure([{ ...memory, graceMs: 90 }], 0);
    pressure.observe(seen(50), 0);
    pressure.observe(seen(500), 50);
    expect(pressure.observe(seen(50), 100)).toEqual([]);
  });

  test('memory first', () => {
    const disk: Threshold = { signal: 'nodefs.available', limit: { part: 0.1 }, graceMs: 0 };
    const all = { ...seen(50), 'nodefs.available': { available: 1, capacity: 100 } };
    expect(new Pressure([disk, memory], 0).observe(all, 0)).toEqual([memory, disk]);
  });
});

describe('ranking', () => {
  test('those over their request first, then by priority, then by how much', () => {
    const candidates = [
      { pod: pod('within', '500Mi'), usage: using(400) },
      { pod: pod('important', undefined, { priority: 10 }), usage: using(300) },
      { pod: pod('small', undefined), usage: using(10) },
      { pod: pod('large', undefined), usage: using(100) },
    ];
    const names = rank(candidates, 'memory.available').map((item) => item.pod.metadata.name);
    expect(names).toEqual(['large', 'small', 'important', 'within']);
    expect(rank(candidates, 'pid.available')[0]?.pod.metadata.name).toBe('within');
  });

  test('the message', () => {
    expect(evictionMessage({ pod: pod('a', '10Mi'), usage: using(20) }, memory, seen(50))).toBe(
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container app was using 20Mi, request is 10Mi, has larger consumption of memory. ',
    );
  });

  test.each([
    [0, '0'],
    [1023, '1023'],
    [1024, '1Ki'],
    [1536 * 1024, '1536Ki'],
    [3 * 1024 ** 3, '3Gi'],
  ])('%d bytes', (bytes, text) => expect(binaryQuantity(bytes)).toBe(text));
});

describe('storage limits', () => {
  const limited = (limits: string[], volumes: object[] = []): Pod =>
    ({
      metadata: {},
      spec: {
        volumes,
        containers: limits.map((limit, index) => ({
          name: `c${index}`,
          resources: { limits: { 'ephemeral-storage': limit } },
        })),
      },
    }) as unknown as Pod;
  const use = (containers: [string, number][], emptyDirs: [string, number][] = []) => ({
    containers: new Map(containers),
    emptyDirs: new Map(emptyDirs),
  });

  test.each<[Pod, ReturnType<typeof use>, string | undefined]>([
    [limited(['1Ki']), use([['c0', 1000]]), undefined],
    [
      limited(['1Ki']),
      use([['c0', 1025]]),
      'Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ',
    ],
    [limited(['1Ki', '9Ki']), use([['c0', 1025]]), 'Container c0 exceeded its local ephemeral storage limit "1Ki". '],
    [
      limited([], [{ name: 'v', emptyDir: { sizeLimit: '1Ki' } }]),
      use([], [['v', 2000]]),
      'Usage of EmptyDir volume "v" exceeds the limit "1Ki". ',
    ],
  ])('%#', (found, used, message) => {
    expect(hasStorageLimits(found)).toBe(true);
    expect(exceededStorage(found, used)).toBe(message);
  });

  test('most pods have none', () => expect(hasStorageLimits(pod('a', '1Mi'))).toBe(false));
});

describe('the manager', () => {
  function make(pods: Pod[], more: Partial<EvictionManagerOptions> = {}) {
    const ended: [string, PodVerdict][] = [];
    const told: string[] = [];
    const state = { available: 500, reclaimed: 0 };
    const manager = new EvictionManager({
      thresholds: [memory],
      transitionMs: 0,
      maxPodGraceSeconds: 30,
      observe: async () => seen(state.available),
      reclaimDisk: async () => {
        state.reclaimed += 1;
      },
      pods: () => pods,
      consumption: async () => new Map(pods.map((item, index) => [item.metadata.uid, using(10 * (index + 1))])),
      storageOf: async () => ({ containers: new Map(), emptyDirs: new Map() }),
      end: (uid, verdict) => ended.push([uid, verdict]) > 0,
      isFinished: (uid) => ended.some(([other]) => other === uid),
      onChange: () => told.push('changed'),
      events: {
        event: (_target, _type, reason, message) => told.push(`${reason}: ${message}`),
        flush: async () => undefined,
      },
      target: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } },
      clock: new FakeClock(),
      logger: silentLogger,
      ...more,
    });
    return { manager, ended, told, state };
  }

  test('one pod a round, never a critical one', async () => {
    const critical = pod('dns', undefined, { priority: 2_000_000_000 });
    const { manager, ended, told, state } = make([pod('a', undefined), pod('b', undefined), critical]);
    await manager.sync();
    expect(ended).toEqual([]);
    state.available = 50;
    await manager.sync();
    expect(ended).toMatchObject([['b', { reason: 'Evicted', disruption: true, graceSeconds: 1 }]]);
    expect(told.slice(0, 2)).toEqual(['changed', 'EvictionThresholdMet: Attempting to reclaim memory']);
    expect(told[2]).toMatch(
      /^Evicted: The node was low on resource: memory\. Threshold quantity: 100Mi, available: 50Mi\. /,
    );
    await manager.sync();
    await manager.sync();
    expect(ended.map(([uid]) => uid)).toEqual(['b', 'a']);
  });

  test('disk is first reclaimed without ending pods', async () => {
    const space = { available: 1, capacity: 100 };
    const { manager, ended, state } = make([pod('a', undefined)], {
      thresholds: [{ signal: 'nodefs.available', limit: { part: 0.1 }, graceMs: 0 }],
      observe: async () => ({ 'nodefs.available': { ...space } }),
      reclaimDisk: async () => {
        state.reclaimed += 1;
        space.available = 50;
      },
    });
    await manager.sync();
    expect([state.reclaimed, ended]).toEqual([1, []]);
    expect(manager.hasCondition('DiskPressure')).toBe(true);
  });

  test('while memory is short only pods that asked for some are taken in', async () => {
    const { manager, state } = make([]);
    expect(manager.rejection(pod('a', undefined))).toBeUndefined();
    state.available = 50;
    await manager.sync();
    expect(manager.rejection(pod('a', undefined))).toEqual({
      reason: 'Evicted',
      message: 'The node had condition: [MemoryPressure]. ',
    });
    expect(manager.rejection(pod('a', '1Mi'))).toBeUndefined();
    const tolerations = [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' }];
    expect(manager.rejection(pod('a', undefined, { tolerations }))).toBeUndefined();
    expect(manager.rejection(pod('a', undefined, { priority: 2_000_000_000 }))).toBeUndefined();
  });
});
