import type { Lease } from '@kubelab/api/types';
import { ago, meta, node } from '../testing/objects.js';
import {
  heartbeatOf,
  nextTaints,
  notReady,
  readyStatus,
  silentConditions,
  unreachable,
  zoneOf,
  zoneState,
} from './plan.js';

const at = ago(0);
const lease = (renewTime: string): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: meta('n1'),
  spec: { renewTime },
});

describe('heartbeats', () => {
  test('a renewed lease and a reported status both are signs of life', () => {
    const seen = heartbeatOf(node('n1'), lease('a'));
    expect(heartbeatOf(node('n1'), lease('a'))).toBe(seen);
    expect(heartbeatOf(node('n1'), lease('b'))).not.toBe(seen);
    expect(heartbeatOf(node('n1', { ready: 'none' }), lease('a'))).not.toBe(seen);
    expect(heartbeatOf(node('n1'), undefined)).not.toBe(seen);
  });
});

describe('silentConditions', () => {
  test('all four become Unknown; those never posted say so', () => {
    const conditions = silentConditions(node('n1'), at);
    expect(conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
      'Ready Unknown NodeStatusUnknown',
      'MemoryPressure Unknown NodeStatusNeverUpdated',
      'DiskPressure Unknown NodeStatusNeverUpdated',
      'PIDPressure Unknown NodeStatusNeverUpdated',
    ]);
    expect(conditions?.[0]).toMatchObject({
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: at,
      lastHeartbeatTime: ago(10),
    });
  });

  test('said once only, and other conditions stay', () => {
    const silent = node('n1');
    silent.status = { conditions: [{ type: 'Other', status: 'True' }, ...(silentConditions(node('n1'), at) ?? [])] };
    expect(silentConditions(silent, ago(-60))).toBeUndefined();
    const other = node('n1');
    other.status?.conditions?.push({ type: 'NetworkUnavailable', status: 'False' });
    expect(silentConditions(other, at)).toContainEqual({ type: 'NetworkUnavailable', status: 'False' });
  });
});

describe('nextTaints', () => {
  const noSchedule = (key: string) => ({ key, effect: 'NoSchedule', timeAdded: at });
  const noExecute = (key: string) => ({ key, effect: 'NoExecute', timeAdded: at });

  test('a healthy node has none, and loses what it had of ours', () => {
    expect(nextTaints(node('n1'), { evict: 'none', now: at })).toBeUndefined();
    const taints = [noSchedule(notReady), noExecute(notReady), { key: 'mine', effect: 'NoSchedule' }];
    expect(nextTaints(node('n1', { taints }), { evict: 'none', now: at })).toEqual([
      { key: 'mine', effect: 'NoSchedule' },
    ]);
  });

  test('not ready and unreachable', () => {
    expect(nextTaints(node('n1', { ready: 'False' }), { evict: 'not-ready', now: at })).toEqual([
      noSchedule(notReady),
      noExecute(notReady),
    ]);
    expect(nextTaints(node('n1', { ready: 'Unknown' }), { evict: 'unreachable', now: at })).toEqual([
      noSchedule(unreachable),
      noExecute(unreachable),
    ]);
  });

  test('from not ready to unreachable the taints are exchanged', () => {
    const taints = [noSchedule(notReady), noExecute(notReady)];
    expect(nextTaints(node('n1', { ready: 'Unknown', taints }), { evict: 'unreachable', now: at })).toEqual([
      noSchedule(unreachable),
      noExecute(unreachable),
    ]);
  });

  test('while evicting is held back NoExecute stays as it is', () => {
    expect(nextTaints(node('n1', { ready: 'False' }), { evict: 'keep', now: at })).toEqual([noSchedule(notReady)]);
    const taints = [{ ...noSchedule(notReady) }, { ...noExecute(notReady), timeAdded: ago(500) }];
    expect(nextTaints(node('n1', { ready: 'False', taints }), { evict: 'keep', now: at })).toBeUndefined();
  });

  test('pressure and cordon', () => {
    const pressed = node('n1', { unschedulable: true });
    pressed.status?.conditions?.push(
      { type: 'DiskPressure', status: 'True' },
      { type: 'PIDPressure', status: 'Unknown' },
    );
    expect(nextTaints(pressed, { evict: 'none', now: at })).toEqual([
      noSchedule('node.kubernetes.io/disk-pressure'),
      noSchedule('node.kubernetes.io/unschedulable'),
    ]);
  });
});

describe('zones', () => {
  const nodes = (good: number, bad: number) => [
    ...Array.from({ length: good }, (_, index) => node(`g${index}`)),
    ...Array.from({ length: bad }, (_, index) => node(`b${index}`, { ready: 'Unknown' })),
  ];
  test.each([
    [3, 0, 'Normal'],
    [1, 2, 'Normal'],
    [3, 3, 'Normal'],
    [2, 3, 'PartialDisruption'],
    [0, 1, 'FullDisruption'],
    [0, 0, 'Normal'],
  ])('%i good and %i bad nodes: %s', (good, bad, expected) => {
    expect(zoneState(nodes(good, bad), 0.55)).toBe(expected);
  });

  test('are region and zone', () => {
    expect(
      zoneOf(node('n', { labels: { 'topology.kubernetes.io/region': 'eu', 'topology.kubernetes.io/zone': 'a' } })),
    ).toBe('eu:a');
    expect(zoneOf(node('n'))).toBe(':');
  });

  test('a node without a Ready condition is not ready', () => {
    expect(readyStatus(node('n', { ready: 'none' }))).toBe('Unknown');
  });
});
