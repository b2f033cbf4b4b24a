import { ago, now, pod } from '../testing/objects.js';
import { countReplicas, planReplicas, untilNextAvailable } from './plan.js';

const facts = { replicas: 3, minReadySeconds: 0, templateLabels: { app: 'web' } };

describe('planReplicas', () => {
  test('creates what is missing', () => {
    expect(planReplicas(facts, [pod('a')], [], now)).toEqual({ create: 2, delete: [] });
  });

  test('pods that ended or are on their way out do not count', () => {
    const owned = [
      pod('a'),
      pod('b', { phase: 'Failed' }),
      pod('c', { phase: 'Succeeded' }),
      pod('d', { deleting: true }),
    ];
    expect(planReplicas(facts, owned, [], now).create).toBe(2);
  });

  test('never more than 500 at a time, either way', () => {
    expect(planReplicas({ ...facts, replicas: 2000 }, [], [], now).create).toBe(500);
    const many = Array.from({ length: 600 }, (_, index) => pod(`p${index}`));
    expect(planReplicas({ ...facts, replicas: 0 }, many, [], now).delete).toHaveLength(500);
  });

  test('nothing to do when the number is right', () => {
    expect(planReplicas({ ...facts, replicas: 1 }, [pod('a', { ready: true })], [], now)).toEqual({
      create: 0,
      delete: [],
    });
  });
});

describe('the pod that goes first', () => {
  const ready = { ready: true, node: 'n1' };
  const first = (...pods: ReturnType<typeof pod>[]): string | undefined =>
    planReplicas({ ...facts, replicas: pods.length - 1 }, pods, pods, now).delete[0]?.metadata.name;

  test.each([
    ['has no node', pod('x', { ready: true }), pod('a', ready)],
    ['is pending', pod('x', { phase: 'Pending', node: 'n1' }), pod('a', ready)],
    ['is not ready', pod('x', { node: 'n1' }), pod('a', ready)],
    [
      'costs less to delete',
      pod('x', { ...ready, metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } } }),
      pod('a', ready),
    ],
    ['was ready for a much shorter time', pod('x', { ...ready, readyFor: 3 }), pod('a', { ...ready, readyFor: 900 })],
    ['has restarted more often', pod('x', { ...ready, restarts: 4 }), pod('a', { ...ready, restarts: 1 })],
    [
      'is much younger',
      pod('x', { ...ready, metadata: { creationTimestamp: ago(30) } }),
      pod('a', { ...ready, metadata: { creationTimestamp: ago(3000) } }),
    ],
  ])('%s', (_why, expected, other) => {
    expect(first(other, expected)).toBe('x');
    expect(first(expected, other)).toBe('x');
  });

  test('shares its node with more pods of the family', () => {
    const pods = [pod('a', ready), pod('b', { ready: true, node: 'n2' }), pod('c', { ready: true, node: 'n2' })];
    expect(planReplicas({ ...facts, replicas: 2 }, pods, pods, now).delete[0]?.spec.nodeName).toBe('n2');
  });

  test('ages of the same order of magnitude are left to chance: the uid decides', () => {
    const young = pod('young', { ...ready, readyFor: 600, metadata: { uid: 'z' } });
    const old = pod('old', { ...ready, readyFor: 700, metadata: { uid: 'a' } });
    expect(first(young, old)).toBe('old');
  });

  test('a malformed deletion cost counts as none', () => {
    const odd = pod('odd', {
      ...ready,
      metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5x' } },
    });
    expect(first(pod('a', { ...ready, readyFor: 2 }), odd)).toBe('a');
  });
});

describe('countReplicas', () => {
  test('counts what is there, labelled, ready and available', () => {
    const owned = [
      pod('available', { ready: true, readyFor: 30 }),
      pod('just-ready', { ready: true, readyFor: 4 }),
      pod('other', { metadata: { labels: { app: 'other' } } }),
      pod('leaving', { ready: true, deleting: true }),
      pod('failed', { phase: 'Failed' }),
    ];
    expect(countReplicas({ ...facts, minReadySeconds: 10 }, owned, now)).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 1,
      terminatingReplicas: 1,
    });
    expect(untilNextAvailable({ ...facts, minReadySeconds: 10 }, owned, now)).toBe(6000);
  });

  test('without minReadySeconds there is nothing to wait for', () => {
    expect(untilNextAvailable(facts, [pod('a', { ready: true, readyFor: 0 })], now)).toBeUndefined();
  });
});
