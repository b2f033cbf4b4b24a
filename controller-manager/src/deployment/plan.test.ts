import type { Deployment, ReplicaSet } from '@kubelab/api/types';
import { templateHash } from '../pods/template-hash.js';
import { ago, deployment, meta, ownedBy, pod, replicaSet, template } from '../testing/objects.js';
import { revisionAnnotation, revisionHistoryAnnotation } from './annotations.js';
import { planCleanup, planDeployment } from './plan.js';
import { findNewReplicaSet, hashLabel } from './template.js';

const scaleOf = (deploy: Deployment, sets: ReplicaSet[]): Record<string, number> =>
  Object.fromEntries(planDeployment(deploy, sets, []).scale);

describe('the new ReplicaSet', () => {
  test('is drafted with hash, revision, sizes and owner', () => {
    const draft = planDeployment(deployment('web'), [], []).create;
    const hash = templateHash(template('v1'), 0);
    expect(draft).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        namespace: 'default',
        labels: { app: 'web', [hashLabel]: hash },
        annotations: {
          [revisionAnnotation]: '1',
          'deployment.kubernetes.io/desired-replicas': '3',
          'deployment.kubernetes.io/max-replicas': '4',
        },
        ownerReferences: [ownedBy('Deployment', 'web')],
      },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web', [hashLabel]: hash } },
        template: { metadata: { labels: { app: 'web', [hashLabel]: hash } } },
      },
    });
  });

  test('gets the next revision and only the room that surge leaves', () => {
    const plan = planDeployment(
      deployment('web', { template: template('v2') }),
      [replicaSet('old', { revision: 4 })],
      [],
    );
    expect(plan.revision).toBe(5n);
    expect(plan.create?.spec.replicas).toBe(1);
  });

  test('the Deployment’s own annotations are not passed on', () => {
    const annotations = {
      team: 'a',
      [revisionAnnotation]: '7',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    };
    const plan = planDeployment(deployment('web', {}, { metadata: meta('web', { annotations }) }), [], []);
    expect(plan.create?.metadata.annotations).toMatchObject({ team: 'a', [revisionAnnotation]: '1' });
    expect(plan.create?.metadata.annotations).not.toHaveProperty(['kubectl.kubernetes.io/last-applied-configuration']);
  });

  test('is found by its template whatever the hash, the oldest of two', () => {
    const sets = [replicaSet('b', { age: 10 }), replicaSet('a', { age: 20 }), replicaSet('c', { image: 'v2' })];
    expect(findNewReplicaSet(deployment('web'), sets)?.metadata.name).toBe('a');
  });

  test('a rollback gives the old set the newest revision and a history', () => {
    const sets = [replicaSet('v1', { revision: 1 }), replicaSet('v2', { image: 'v2', revision: 2 })];
    const plan = planDeployment(deployment('web'), sets, []);
    expect(plan.revision).toBe(3n);
    expect(plan.refresh[0]?.metadata.annotations).toMatchObject({
      [revisionAnnotation]: '3',
      [revisionHistoryAnnotation]: '1',
    });
  });

  test.each([
    ['3546343826724305832', '3546343826724305833'],
    ['9223372036854775808', '1'],
    ['many', '1'],
  ])('after the revision %s comes %s', (before, after) => {
    const annotations = { [revisionAnnotation]: before };
    const old = replicaSet('v1', { metadata: { annotations } });
    const plan = planDeployment(deployment('web', { template: template('v2') }), [old], []);
    expect(plan.create?.metadata.annotations).toMatchObject({ [revisionAnnotation]: after });
  });

  test('a long history forgets its oldest revisions', () => {
    const set = replicaSet('v1', { revision: 900 });
    set.metadata.annotations = {
      ...set.metadata.annotations,
      [revisionHistoryAnnotation]: Array(600).fill('777').join(','),
    };
    const plan = planDeployment(deployment('web'), [set, replicaSet('v2', { image: 'v2', revision: 901 })], []);
    const history = plan.refresh[0]?.metadata.annotations?.[revisionHistoryAnnotation] ?? '';
    expect(history.length).toBeLessThanOrEqual(2000);
    expect(history.endsWith(',900')).toBe(true);
  });
});

describe('templateHash', () => {
  test('does not depend on the order of fields, but on collisions', () => {
    const swapped = { spec: { containers: [{ image: 'v1', name: 'c' }] }, metadata: { labels: { app: 'web' } } };
    expect(templateHash(swapped, 0)).toBe(templateHash(template('v1'), 0));
    expect(templateHash(template('v1'), 1)).not.toBe(templateHash(template('v1'), 0));
    expect(templateHash(template('v1'), 0)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  });
});

describe('rolling update', () => {
  const rolling = (maxSurge: number | string, maxUnavailable: number | string, replicas = 10): Deployment =>
    deployment('web', { replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } });
  const old = (parts: object) => replicaSet('old', { image: 'v0', desired: 10, ...parts });
  const next = (parts: object) => replicaSet('new', { desired: 10, ...parts });

  test.each<[string, Deployment, ReplicaSet[], Record<string, number>]>([
    ['grows the new into the surge', rolling(2, 0), [old({ replicas: 10 }), next({ replicas: 0 })], { new: 2 }],
    ['shrinks a new one that is too large', rolling(2, 0), [next({ replicas: 12 })], { new: 10 }],
    [
      'shrinks the old when the new is available',
      rolling(0, 2),
      [old({ replicas: 8 }), next({ replicas: 2 })],
      { old: 6 },
    ],
    [
      'waits for the new to become available',
      rolling(2, 0),
      [old({ replicas: 10 }), next({ replicas: 2, available: 0 })],
      {},
    ],
    [
      'unavailable old replicas go first, whatever the new does',
      rolling(2, 2),
      [old({ replicas: 10, available: 4 }), next({ replicas: 2, available: 0 })],
      { old: 8 },
    ],
    [
      '25 % and 25 % of 10 are 3 more and 2 fewer',
      rolling('25%', '25%'),
      [old({ replicas: 10 }), next({ replicas: 3 })],
      { old: 5 },
    ],
    [
      'both zero still moves, one at a time',
      rolling('0%', '0%'),
      [old({ replicas: 10 }), next({ replicas: 0 })],
      { old: 9 },
    ],
    ['a finished rollout rests', rolling(1, 1), [old({ replicas: 0 }), next({ replicas: 10 })], {}],
  ])('%s', (_name, deploy, sets, expected) => {
    expect(scaleOf(deploy, sets)).toEqual(expected);
  });

  test('of several old sets the oldest shrinks first', () => {
    const sets = [
      replicaSet('newer', { image: 'v0', replicas: 2, age: 100 }),
      replicaSet('older', { image: 'v00', replicas: 2, age: 200 }),
      replicaSet('new', { replicas: 1 }),
    ];
    const deploy = deployment('web', { strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } } });
    expect(scaleOf(deploy, sets)).toEqual({ older: 0 });
  });

  test('from any state it ends with all replicas new, and never below what must be available', () => {
    for (const [surge, unavailable] of [
      [1, 0],
      [0, 1],
      [3, 2],
      ['25%', '25%'],
      ['100%', 0],
      [0, '100%'],
    ] as const) {
      const deploy = rolling(surge, unavailable);
      let [oldSet, newSet] = [old({ replicas: 10 }), next({ replicas: 0 })];
      let rounds = 0;
      for (; rounds < 50 && (newSet.spec.replicas !== 10 || oldSet.spec.replicas !== 0); rounds++) {
        const scale = planDeployment(deploy, [oldSet, newSet], []).scale;
        oldSet = old({ replicas: scale.get('old') ?? oldSet.spec.replicas });
        newSet = next({ replicas: scale.get('new') ?? newSet.spec.replicas });
        const total = (oldSet.spec.replicas ?? 0) + (newSet.spec.replicas ?? 0);
        expect(total).toBeLessThanOrEqual(20);
      }
      expect(rounds).toBeLessThan(50);
    }
  });
});

describe('recreate', () => {
  const recreate = deployment('web', { template: template('v2'), strategy: { type: 'Recreate' } });

  test('first all old pods go', () => {
    const plan = planDeployment(recreate, [replicaSet('old')], []);
    expect(plan.create).toBeUndefined();
    expect(Object.fromEntries(plan.scale)).toEqual({ old: 0 });
  });

  test('waits for the last of them, without a new revision', () => {
    const annotated = { ...recreate, metadata: meta('web', { annotations: { [revisionAnnotation]: '1' } }) };
    const plan = planDeployment(
      annotated,
      [replicaSet('old', { replicas: 0 })],
      [pod('p', { owner: ownedBy('ReplicaSet', 'old') })],
    );
    expect(plan.create).toBeUndefined();
    expect(plan.revision).toBe(1n);
    expect(plan.scale.size).toBe(0);
  });

  test('pods that have ended are not waited for', () => {
    const ended = pod('p', { owner: ownedBy('ReplicaSet', 'old'), phase: 'Failed' });
    expect(planDeployment(recreate, [replicaSet('old', { replicas: 0 })], [ended]).create?.spec.replicas).toBe(3);
  });
});

describe('scaling', () => {
  test('a paused Deployment still scales, its only active set as a whole', () => {
    const deploy = deployment('web', { paused: true, replicas: 5, template: template('v2') });
    expect(scaleOf(deploy, [replicaSet('old')])).toEqual({ old: 5 });
  });

  test('with nothing active the newest old set grows', () => {
    const deploy = deployment('web', { paused: true, replicas: 2, template: template('v3') });
    const sets = [replicaSet('v1', { replicas: 0, age: 90 }), replicaSet('v2', { image: 'v2', replicas: 0, age: 50 })];
    expect(scaleOf(deploy, sets)).toEqual({ v2: 2 });
  });

  test('in the middle of a rollout the growth is shared out in proportion', () => {
    const deploy = deployment('web', {
      replicas: 20,
      strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } },
    });
    const sets = [
      replicaSet('old', { image: 'v0', replicas: 8, desired: 10, max: 12 }),
      replicaSet('new', { replicas: 4, available: 1, desired: 10, max: 12 }),
    ];
    expect(scaleOf(deploy, sets)).toEqual({ old: 15, new: 7 });
  });

  test('to zero, every set goes to zero', () => {
    const sets = [
      replicaSet('old', { image: 'v0', replicas: 8, desired: 10, max: 12 }),
      replicaSet('new', { replicas: 4, desired: 10, max: 12 }),
    ];
    expect(scaleOf(deployment('web', { replicas: 0 }), sets)).toEqual({ old: 0, new: 0 });
  });

  test('a saturated new set lets the old ones go', () => {
    const deploy = deployment('web', { replicas: 3, paused: true });
    const sets = [replicaSet('old', { image: 'v0', replicas: 1 }), replicaSet('new', { replicas: 3 })];
    expect(scaleOf(deploy, sets)).toEqual({ old: 0 });
  });

  test('a set that keeps its size notes the new total all the same', () => {
    const deploy = deployment('web', { replicas: 4 });
    expect(scaleOf(deploy, [replicaSet('new', { replicas: 4, desired: 3 })])).toEqual({ new: 4 });
  });
});

describe('planCleanup', () => {
  const deploy = deployment('web', { revisionHistoryLimit: 1 });

  test('the oldest revisions go, as long as they are empty and seen to be', () => {
    const sets = [
      replicaSet('r3', { replicas: 0, revision: 3 }),
      replicaSet('r1', { replicas: 0, revision: 1 }),
      replicaSet('r2', { replicas: 1, revision: 2 }),
      replicaSet('unseen', { replicas: 0, revision: 0, metadata: { generation: 2 } }),
      replicaSet('dying', { replicas: 0, revision: 0, metadata: { deletionTimestamp: ago(1) } }),
    ];
    expect(planCleanup(deploy, sets).map(({ metadata }) => metadata.name)).toEqual(['r1']);
  });

  test('the default keeps ten', () => {
    const sets = Array.from({ length: 12 }, (_, index) => replicaSet(`r${index}`, { replicas: 0, revision: index }));
    expect(planCleanup(deployment('web'), sets).map(({ metadata }) => metadata.name)).toEqual(['r0', 'r1']);
  });
});
