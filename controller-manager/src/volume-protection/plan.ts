/** When claims and volumes may go: pure. */

import type { PersistentVolume, Pod } from '@kubelab/api/types';
import type { ObjectMeta } from '@kubelab/apimachinery/meta';

export const claimFinalizer = 'kubernetes.io/pvc-protection';
export const volumeFinalizer = 'kubernetes.io/pv-protection';

export type Protection = 'add' | 'check' | 'none';

/** `check`: it is to be deleted, and may go when it is not in use. */
export function protectionOf({ finalizers = [], deletionTimestamp }: ObjectMeta, finalizer: string): Protection {
  if (deletionTimestamp !== undefined) return finalizers.includes(finalizer) ? 'check' : 'none';
  return finalizers.includes(finalizer) ? 'none' : 'add';
}

export function withFinalizer(metadata: ObjectMeta, finalizer: string): ObjectMeta {
  return { ...metadata, finalizers: [...(metadata.finalizers ?? []), finalizer] };
}

export function withoutFinalizer(metadata: ObjectMeta, finalizer: string): ObjectMeta {
  return { ...metadata, finalizers: (metadata.finalizers ?? []).filter((name) => name !== finalizer) };
}

/** Names of the claims that a pod uses, its own ephemeral ones too. */
export function claimNames({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${metadata.name}-${name}`] : [];
  });
}

/** A pod without a node uses nothing yet, and will not be started with a claim that is being deleted. */
export function usesClaim(pod: Pod, claim: string): boolean {
  return Boolean(pod.spec.nodeName) && claimNames(pod).includes(claim);
}

export function isVolumeInUse({ status }: PersistentVolume): boolean {
  return status?.phase === 'Bound';
}
