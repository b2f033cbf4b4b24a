/** How a node is told to remove the folder of a volume that is deleted: an annotation of its own, which it takes away when that is done. Pure. */
import type { PersistentVolume } from '@kubelab/api/types';

/** Holds a volume until its node has been told, whoever deletes it: upstream's name for what external provisioners use. */
export const provisionerFinalizer = 'external-provisioner.volume.kubernetes.io/finalizer';

const removalPrefix = 'remove.local-path.kubelab.io/';

/** The node that has the volume's folder. */
export function nodeOf(volume: PersistentVolume): string | undefined {
  const terms = volume.spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return terms.flatMap(({ matchExpressions = [] }) => matchExpressions)[0]?.values?.[0];
}

/** One annotation per volume, so that nobody overwrites what others ask for. */
export function removalPatch(volume: PersistentVolume): object {
  return { metadata: { annotations: { [`${removalPrefix}${volume.metadata.name}`]: 'true' } } };
}

export function isHeld({ metadata }: PersistentVolume): boolean {
  return metadata.finalizers?.includes(provisionerFinalizer) ?? false;
}

export function released(volume: PersistentVolume): PersistentVolume {
  const finalizers = (volume.metadata.finalizers ?? []).filter((name) => name !== provisionerFinalizer);
  return { ...volume, metadata: { ...volume.metadata, finalizers } };
}
