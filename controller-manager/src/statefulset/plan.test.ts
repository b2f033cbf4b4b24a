import type { Pod, StatefulSet } from '@kubelab/api/types';
import { meta, now, ownedBy, pod, template } from '../testing/objects.js';
import { claimOwners } from './claim-owners.js';
import { planStatefulSet } from './plan.js';
import { draftClaims, draftPod, ordinalOf, withIdentity } from './pod-template.js';
import { statefulStatus } from './status.js';

const statefulSet = (
  spec: Partial<StatefulSet['spec']> = {},
  status: Partial<StatefulSet['status']> = {},
): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: meta('db'),
  spec: {
    replicas: 3,
    serviceName: 'db',
    selector: { matchLabels: { app: 'web' } },
    template: template('v1'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    ...spec,
  },
  status: { replicas: 0, ...status },
});
const member = (ordinal: number, parts: Parameters<typeof pod>[1] & { revision?: string } = {}): Pod =>
  pod(`db-${ordinal}`, {
    ready: true,
    owner: ownedBy('StatefulSet', 'db'),
    metadata: { labels: { app: 'web', 'controller-revision-hash': parts.revision ?? 'new' } },
    ...parts,
  });
const plan = (set: StatefulSet, ...pods: Pod[]): string[] =>
  planStatefulSet({ set, pods, currentRevision: 'old', updateRevision: 'new', nowMs: now })
    .filter(({ action }) => action !== 'keep')
    .map((step) => `${step.action} ${step.ordinal}${step.action === 'create' ? ` ${step.revision}` : ''}`);
const parallel = { podManagementPolicy: 'Parallel' };
const partition = (number: number) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: number } },
});

test.each<[string, StatefulSet, Pod[], string[]]>([
  ['the first comes first', statefulSet(), [], ['create 0 update']],
  ['the next when the one before is ready', statefulSet(), [member(0)], ['create 1 update']],
  ['not before', statefulSet(), [member(0, { ready: false })], []],
  ['not while the one before is on its way out', statefulSet(), [member(0, { deleting: true }), member(1)], []],
  ['ready is not available yet', statefulSet({ minReadySeconds: 60 }), [member(0, { readyFor: 5 })], []],
  ['a gap is filled first', statefulSet(), [member(0), member(2)], ['create 1 update']],
  ['all are there', statefulSet(), [member(0), member(1), member(2)], []],
  [
    'in parallel all come at once',
    statefulSet(parallel),
    [member(1, { ready: false })],
    ['create 0 update', 'create 2 update'],
  ],
  ['numbers may start elsewhere', statefulSet({ ordinals: { start: 5 }, replicas: 1 }), [], ['create 5 update']],
  ['a pod that failed makes room', statefulSet(), [member(0, { phase: 'Failed' }), member(1)], ['delete 0']],
  ['also one that succeeded', statefulSet(), [member(0, { phase: 'Succeeded' })], ['delete 0']],
  ['and is waited for', statefulSet(), [member(0, { phase: 'Failed', deleting: true })], []],
  ['too many: the last goes first', statefulSet({ replicas: 1 }), [member(0), member(1), member(2)], ['delete 2']],
  ['one at a time', statefulSet({ replicas: 1 }), [member(0), member(1), member(2, { deleting: true })], []],
  [
    'a lower one that is unwell is waited for',
    statefulSet({ replicas: 1 }),
    [member(0), member(1, { ready: false }), member(2, { ready: false })],
    [],
  ],
  [
    'unless it is the one',
    statefulSet({ replicas: 1 }),
    [member(0), member(1), member(2, { ready: false })],
    ['delete 2'],
  ],
  [
    'in parallel all go at once',
    statefulSet({ replicas: 1, ...parallel }),
    [member(0), member(1), member(2)],
    ['delete 2', 'delete 1'],
  ],
  [
    'updates go from the last',
    statefulSet(),
    [0, 1, 2].map((number) => member(number, { revision: 'old' })),
    ['delete 2'],
  ],
  [
    'one after the other',
    statefulSet(),
    [member(0, { revision: 'old' }), member(1, { revision: 'old' }), member(2)],
    ['delete 1'],
  ],
  [
    'each when the one above is well',
    statefulSet(),
    [member(0, { revision: 'old' }), member(1, { revision: 'old' }), member(2, { ready: false })],
    [],
  ],
  [
    'down to the partition',
    statefulSet(partition(2)),
    [member(0, { revision: 'old' }), member(1, { revision: 'old' }), member(2)],
    [],
  ],
  [
    'below the partition the old revision comes back',
    statefulSet(partition(2)),
    [member(1, { revision: 'old' }), member(2)],
    ['create 0 current'],
  ],
  [
    'on delete nobody updates',
    statefulSet({ updateStrategy: { type: 'OnDelete' } }),
    [0, 1, 2].map((number) => member(number, { revision: 'old' })),
    [],
  ],
  [
    'but what is made is new',
    statefulSet({ updateStrategy: { type: 'OnDelete' } }),
    [member(1, { revision: 'old' })],
    ['create 0 update'],
  ],
  [
    'without a strategy’s details the status tells what is current',
    statefulSet({ updateStrategy: { type: 'RollingUpdate' } }, { currentReplicas: 1 }),
    [],
    ['create 0 current'],
  ],
  ['pods of other names are not ours', statefulSet(), [pod('db-x'), pod('other-0')], ['create 0 update']],
])('%s', (_name, set, pods, expected) => {
  expect(plan(set, ...pods)).toEqual(expected);
});

test('names and numbers', () => {
  const set = statefulSet();
  expect([
    ordinalOf(set, member(12)),
    ordinalOf(set, pod('db')),
    ordinalOf(set, pod('my-db-1')),
    ordinalOf(set, pod('db-1-2')),
  ]).toEqual([12, -1, -1, -1]);
});

describe('pods and claims', () => {
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: meta('data', { labels: { tier: 'db' } }),
    spec: { accessModes: ['ReadWriteOnce'] },
  };
  const set = statefulSet({ volumeClaimTemplates: [claim] });

  test('have an identity', () => {
    const spec = {
      ...template('v1').spec,
      containers: [],
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'tmp', emptyDir: {} },
      ],
    };
    const draft = draftPod(set, 1, { template: { ...template('v1'), spec }, revision: 'db-abc' });
    expect(draft.metadata).toMatchObject({
      name: 'db-1',
      labels: {
        app: 'web',
        'statefulset.kubernetes.io/pod-name': 'db-1',
        'apps.kubernetes.io/pod-index': '1',
        'controller-revision-hash': 'db-abc',
      },
      ownerReferences: [ownedBy('StatefulSet', 'db')],
    });
    expect(draft.metadata).not.toHaveProperty('generateName');
    expect(draft.spec).toMatchObject({ hostname: 'db-1', subdomain: 'db' });
    expect(draft.spec.volumes).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'data-db-1' } },
      { name: 'tmp', emptyDir: {} },
    ]);
    expect(draftClaims(set, 1)[0]?.metadata).toEqual({
      name: 'data-db-1',
      namespace: 'default',
      labels: { tier: 'db', app: 'web' },
    });
  });

  test('a pod that lost its labels gets them back', () => {
    expect(withIdentity(set, member(2))?.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'db-2',
    });
    const whole = withIdentity(set, member(2));
    expect(whole && withIdentity(set, whole)).toBeUndefined();
  });

  const owned = (whenDeleted: string, whenScaled: string, condemned: boolean, ownerReferences = {}) =>
    claimOwners(
      statefulSet({ persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } }),
      member(1),
      { ...claim, metadata: meta('data-db-1', ownerReferences) },
      condemned,
    )?.map(({ kind }) => kind);
  test.each([
    ['Retain', 'Retain', false, undefined],
    ['Delete', 'Retain', false, ['StatefulSet']],
    ['Retain', 'Delete', false, undefined],
    ['Retain', 'Delete', true, ['Pod']],
    ['Delete', 'Delete', false, ['StatefulSet']],
    ['Delete', 'Delete', true, ['Pod']],
  ])('whenDeleted %s, whenScaled %s, condemned %s: owned by %j', (whenDeleted, whenScaled, condemned, kinds) => {
    expect(owned(whenDeleted, whenScaled, condemned)).toEqual(kinds);
  });

  test('owners are taken back when the policy changes, somebody else’s stay', () => {
    expect(owned('Retain', 'Retain', false, { ownerReferences: [ownedBy('StatefulSet', 'db')] })).toEqual([]);
    expect(owned('Delete', 'Delete', false, { ownerReferences: [ownedBy('Operator', 'x')] })).toBeUndefined();
  });
});

describe('the status', () => {
  const facts = { currentRevision: 'old', updateRevision: 'new', nowMs: now };
  test('counts by revision', () => {
    const pods = [member(0, { revision: 'old' }), member(1), member(2, { ready: false, deleting: true })];
    expect(statefulStatus({ ...facts, set: statefulSet(), pods })).toEqual({
      replicas: 3,
      readyReplicas: 2,
      availableReplicas: 2,
      currentReplicas: 1,
      updatedReplicas: 1,
      currentRevision: 'old',
      updateRevision: 'new',
      observedGeneration: 1,
      collisionCount: 0,
    });
  });

  test('makes the new revision current when all are of it and ready', () => {
    const pods = [member(0), member(1), member(2)];
    expect(statefulStatus({ ...facts, set: statefulSet(), pods })).toMatchObject({
      currentRevision: 'new',
      currentReplicas: 3,
    });
    const surplus = [...pods, member(3)];
    expect(statefulStatus({ ...facts, set: statefulSet(), pods: surplus })).toMatchObject({ currentRevision: 'old' });
    expect(
      statefulStatus({ ...facts, set: statefulSet({ updateStrategy: { type: 'OnDelete' } }), pods }),
    ).toMatchObject({ currentRevision: 'old' });
  });
});
