/** Plugins for volumes: the default class, resizing, and finalizers that keep used volumes from going. */

import type { PersistentVolumeClaim, StorageClass } from '@kubelab/api/types';
import { parseQuantity } from '@kubelab/apimachinery/quantity';
import type { AdmissionPlugin, AdmissionRequest, ObjectAccess } from '../contracts.js';
import { isMain, refuse } from './refusal.js';

const classesResource = { group: 'storage.k8s.io', resource: 'storageclasses' };
const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const oldClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

export interface StoragePluginOptions {
  objects: ObjectAccess;
}

export function createDefaultStorageClass({ objects }: StoragePluginOptions): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    admit(request) {
      if (request.operation !== 'CREATE' || !isMain(request, '', 'persistentvolumeclaims') || !request.object) return;
      const claim = request.object as unknown as PersistentVolumeClaim;
      // An empty name is a decision for no class.
      if (claim.spec?.storageClassName !== undefined) return;
      if (claim.metadata.annotations?.[oldClassAnnotation] !== undefined) return;
      const chosen = newestDefault(objects.peekAll<StorageClass>(classesResource));
      if (!chosen) return;
      claim.spec ??= {};
      claim.spec.storageClassName = chosen.metadata.name;
    },
  };
}

function newestDefault(classes: readonly StorageClass[]): StorageClass | undefined {
  const defaults = classes.filter((candidate) =>
    defaultAnnotations.some((key) => candidate.metadata.annotations?.[key] === 'true'),
  );
  const [newest] = defaults.sort(
    (left, right) =>
      right.metadata.creationTimestamp.localeCompare(left.metadata.creationTimestamp) ||
      left.metadata.name.localeCompare(right.metadata.name),
  );
  return newest;
}

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit(request) {
    if (request.operation !== 'CREATE' || !request.object) return;
    if (isMain(request, '', 'persistentvolumes')) addFinalizer(request, 'kubernetes.io/pv-protection');
    if (isMain(request, '', 'persistentvolumeclaims')) addFinalizer(request, 'kubernetes.io/pvc-protection');
  },
};

function addFinalizer({ object }: AdmissionRequest, finalizer: string): void {
  const finalizers = object?.metadata.finalizers ?? [];
  if (object && !finalizers.includes(finalizer)) object.metadata.finalizers = [...finalizers, finalizer];
}

export function createClaimResize({ objects }: StoragePluginOptions): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    validate(request) {
      if (request.operation !== 'UPDATE' || !isMain(request, '', 'persistentvolumeclaims')) return;
      const [claim, old] = [request.object, request.oldObject] as unknown as [
        PersistentVolumeClaim,
        PersistentVolumeClaim,
      ];
      const [wanted, held] = [sizeOf(claim), sizeOf(old)];
      if (wanted.compare(held) <= 0) return;
      if (old.status?.phase !== 'Bound') throw refuse(request, 'Only bound persistent volume claims can be expanded');
      const name = old.metadata.annotations?.[oldClassAnnotation] ?? old.spec?.storageClassName ?? '';
      const storageClass = name === '' ? undefined : objects.peek<StorageClass>(classesResource, undefined, name);
      if (storageClass?.allowVolumeExpansion !== true) {
        const why =
          'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
        throw refuse(request, why);
      }
    },
  };
}

function sizeOf(claim: PersistentVolumeClaim): ReturnType<typeof parseQuantity> {
  return parseQuantity(claim.spec?.resources?.requests?.['storage'] ?? '0');
}
