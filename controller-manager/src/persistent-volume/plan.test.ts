import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kubelab/api/types';
import { volumeFor } from '../provisioner/plan.js';
import { claimFor } from './ephemeral-controller.js';
import { bestMatch, planClaim, planVolume } from './plan.js';

const claim = (spec: object = {}, more: object = {}): PersistentVolumeClaim =>
  ({
    metadata: { name: 'data', namespace: 'shop', uid: 'c1', ...more },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  }) as unknown as PersistentVolumeClaim;
const volume = (name: string, storage: string, spec: object = {}, more: object = {}): PersistentVolume =>
  ({
    metadata: { name, ...more },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage }, ...spec },
  }) as unknown as PersistentVolume;
const standard = {
  metadata: { name: 'standard' },
  provisioner: 'kubelab.io/local-path',
  volumeBindingMode: 'WaitForFirstConsumer',
} as unknown as StorageClass;
const plan = (item: PersistentVolumeClaim, volumes: PersistentVolume[] = [], classes: StorageClass[] = [standard]) =>
  planClaim({ claim: item, volumes, storageClass: (name) => classes.find(({ metadata }) => metadata.name === name) });
const selected = { annotations: { 'volume.kubernetes.io/selected-node': 'n1' } };
const ours = { annotations: { 'pv.kubernetes.io/provisioned-by': 'kubelab.io/local-path' } };

test('the smallest volume that is large enough', () => {
  const volumes = [
    volume('large', '9Gi'),
    volume('right', '2Gi'),
    volume('small', '1Mi'),
    volume('taken', '1Gi', { claimRef: { name: 'x' } }),
  ];
  expect(bestMatch(claim(), volumes)?.metadata.name).toBe('right');
});

test.each<[string, object, object]>([
  ['another class', {}, { storageClassName: 'fast' }],
  ['another mode', { accessModes: ['ReadWriteMany'] }, {}],
  ['block', {}, { volumeMode: 'Block' }],
  ['labels', { selector: { matchLabels: { a: 'b' } } }, {}],
])('no match: %s', (_name, wanted, had) => {
  expect(bestMatch(claim(wanted), [volume('v', '2Gi', had)])).toBeUndefined();
});

test('a volume set aside for the claim comes first', () => {
  const aside = volume('aside', '9Gi', { claimRef: { name: 'data', namespace: 'shop' } });
  expect(plan(claim(), [volume('free', '1Gi'), aside])).toMatchObject({
    action: 'bind',
    volume: { metadata: { name: 'aside' } },
  });
});

test.each<[string, PersistentVolumeClaim, string]>([
  ['no class', claim(), 'FailedBinding'],
  ['a class that is not there', claim({ storageClassName: 'x' }), 'ProvisioningFailed'],
  ['no pod yet', claim({ storageClassName: 'standard' }), 'WaitForFirstConsumer'],
])('it waits: %s', (_name, item, reason) => {
  expect(plan(item)).toMatchObject({ action: 'wait', tell: { reason } });
});

test('with a node a volume is made there', () => {
  const wanted = claim({ storageClassName: 'standard' }, selected);
  expect(plan(wanted)).toMatchObject({ action: 'provision', node: 'n1' });
  const made = volumeFor(wanted, standard, 'n1');
  expect(made.metadata.name).toBe('pvc-c1');
  expect(made.spec).toMatchObject({
    claimRef: { name: 'data', namespace: 'shop', uid: 'c1' },
    hostPath: { path: '/var/lib/kubelet/local-volumes/pvc-c1' },
    persistentVolumeReclaimPolicy: 'Delete',
    storageClassName: 'standard',
  });
});

test('a bound claim whose volume is gone is lost', () => {
  expect(plan({ ...claim({ volumeName: 'gone' }), status: { phase: 'Bound' } }).action).toBe('lost');
  expect(plan(claim({ volumeName: 'not-yet' })).action).toBe('wait');
});

test.each<[string, PersistentVolume, PersistentVolumeClaim | undefined, object]>([
  ['free', volume('v', '1Gi'), undefined, { action: 'phase', phase: 'Available' }],
  ['of its claim', volume('v', '1Gi', { claimRef: { uid: 'c1' } }), claim(), { action: 'phase', phase: 'Bound' }],
  ['kept', volume('v', '1Gi', { claimRef: { uid: 'c0' } }), claim(), { action: 'phase', phase: 'Released' }],
  [
    'provisioned',
    volume('v', '1Gi', { claimRef: { uid: 'c0' }, persistentVolumeReclaimPolicy: 'Delete' }, ours),
    undefined,
    { action: 'delete' },
  ],
  [
    'nobody’s to delete',
    volume('v', '1Gi', { claimRef: { uid: 'c0' }, persistentVolumeReclaimPolicy: 'Delete' }),
    undefined,
    { action: 'failed' },
  ],
])('a volume that is %s', (_name, item, owner, expected) => {
  expect(planVolume(item, owner)).toMatchObject(expected);
});

test('an ephemeral volume gets a claim that the pod owns', () => {
  const pod = (spec: object, phase = 'Running') =>
    ({
      metadata: { name: 'p', namespace: 'shop', uid: 'p1' },
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }], ...spec },
      status: { phase },
    }) as never;
  const made = claimFor(pod({}), {
    name: 'scratch',
    ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } },
  });
  expect(made).toMatchObject({
    metadata: { name: 'p-scratch', namespace: 'shop', ownerReferences: [{ kind: 'Pod', uid: 'p1', controller: true }] },
    spec: { accessModes: ['ReadWriteOnce'] },
  });
});
