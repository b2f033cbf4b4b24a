import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '@kubelab/api/types';
import { checkClaim, checkMode, checkNode, checkVolume, claimNameOf } from './claims.js';

const pod = { metadata: { name: 'web', namespace: 'shop', uid: 'p1' }, spec: { containers: [] } } as unknown as Pod;
const named: Volume = { name: 'data', persistentVolumeClaim: { claimName: 'disk' } };
const ephemeral: Volume = { name: 'data', ephemeral: {} };
const claim = (more: object = {}, metadata: object = {}): PersistentVolumeClaim =>
  ({
    metadata: { name: 'disk', namespace: 'shop', uid: 'c1', ...metadata },
    spec: { volumeName: 'pv' },
    status: { phase: 'Bound' },
    ...more,
  }) as unknown as PersistentVolumeClaim;
const volume = (spec: object = {}): PersistentVolume =>
  ({ metadata: { name: 'pv' }, spec: { claimRef: { uid: 'c1' }, ...spec } }) as unknown as PersistentVolume;
const node = { metadata: { name: 'n1', labels: { zone: 'a' } } } as unknown as Node;
const affinity = (values: string[]) => ({
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values }] }] } },
});

test('the claim of a volume', () => {
  expect([claimNameOf(pod, named), claimNameOf(pod, ephemeral), claimNameOf(pod, { name: 'x' })]).toEqual([
    'disk',
    'web-data',
    undefined,
  ]);
});

test.each<[string, PersistentVolumeClaim, Volume, RegExp | undefined]>([
  ['bound', claim(), named, undefined],
  ['pending', claim({ status: { phase: 'Pending' } }), named, /^PVC is not bound$/],
  ['without a volume', claim({ spec: {} }), named, /^PVC has empty pvc.Spec.VolumeName$/],
  ['on its way out', claim({}, { deletionTimestamp: 'x' }), named, /^PVC is being deleted$/],
  ['of somebody else', claim(), ephemeral, /^PVC shop\/disk was not created for pod shop\/web \(pod is not owner\)$/],
  ['made for the pod', claim({}, { ownerReferences: [{ uid: 'p1', controller: true }] }), ephemeral, undefined],
])('a claim that is %s', (_name, found, wanted, message) => {
  if (message) expect(() => checkClaim(found, pod, wanted)).toThrow(message);
  else expect(() => checkClaim(found, pod, wanted)).not.toThrow();
});

test.each<[string, PersistentVolume, RegExp | undefined]>([
  ['of this claim', volume(), undefined],
  ['of nobody', volume({ claimRef: undefined }), /^found PV object pv but it has a nil pv.Spec.ClaimRef/],
  ['of another claim', volume({ claimRef: { uid: 'c2' } }), /pv.Spec.ClaimRef.UID c2 does not point to claim.UID c1$/],
])('a volume that is %s', (_name, found, message) => {
  if (message) expect(() => checkVolume(found, claim())).toThrow(message);
  else expect(() => checkVolume(found, claim())).not.toThrow();
});

test.each<[string, PersistentVolume, RegExp | undefined]>([
  ['of no node', volume(), undefined],
  ['of this node', volume(affinity(['a'])), undefined],
  [
    'of another node',
    volume(affinity(['b'])),
    /^MountVolume.NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms$/,
  ],
])('a volume that is %s', (_name, found, message) => {
  if (message) expect(() => checkNode(found, node)).toThrow(message);
  else expect(() => checkNode(found, node)).not.toThrow();
});

test.each<[string, string, string, RegExp | undefined]>([
  ['a file system that is mounted', 'Filesystem', 'volumeMounts', undefined],
  [
    'a device that is mounted',
    'Block',
    'volumeMounts',
    /^volume data has volumeMode Block, but is specified in volumeMounts$/,
  ],
  [
    'a file system that is mapped',
    'Filesystem',
    'volumeDevices',
    /^volume data has volumeMode Filesystem, but is specified in volumeDevices$/,
  ],
  ['a device that is mapped', 'Block', 'volumeDevices', /block volumes are not supported by this kubelet$/],
])('%s', (_name, volumeMode, field, message) => {
  const user = { spec: { containers: [{ name: 'app', [field]: [{ name: 'data' }] }] } } as unknown as Pod;
  if (message) expect(() => checkMode(volume({ volumeMode }), user, named)).toThrow(message);
  else expect(() => checkMode(volume({ volumeMode }), user, named)).not.toThrow();
});
