import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kubelab/api/types';
import { volumeFor } from './plan.js';
import { isHeld, nodeOf, provisionerFinalizer, released, removalPatch } from './removal.js';

const claim = {
  metadata: { name: 'data', namespace: 'shop', uid: 'c1' },
  spec: {},
} as unknown as PersistentVolumeClaim;
const made = (reclaimPolicy: string): PersistentVolume =>
  volumeFor(claim, { metadata: { name: 'standard' }, reclaimPolicy } as StorageClass, 'n1') as PersistentVolume;

test('a volume that is to be deleted with its claim is held until its node knows', () => {
  const volume = made('Delete');
  expect([isHeld(volume), nodeOf(volume)]).toEqual([true, 'n1']);
  expect(removalPatch(volume)).toEqual({
    metadata: { annotations: { 'remove.local-path.kubelab.io/pvc-c1': 'true' } },
  });
  volume.metadata.finalizers?.push('other');
  expect(released(volume).metadata.finalizers).toEqual(['other']);
  expect(volume.metadata.finalizers).toContain(provisionerFinalizer);
});

test('one that is kept is not', () => {
  expect(isHeld(made('Retain'))).toBe(false);
});

test('a volume without a node has none', () => {
  expect(nodeOf({ metadata: { name: 'v' }, spec: {} } as unknown as PersistentVolume)).toBeUndefined();
});
