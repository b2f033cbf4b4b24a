/** The volumes of kubelab's own provisioner: a folder on the node that the scheduler chose. Pure. */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kubelab/api/types';
import type { Draft } from '@kubelab/apimachinery/meta';
import { provisionerFinalizer } from './removal.js';

export const localProvisioner = 'kubelab.io/local-path';
export const provisionedByAnnotation = 'pv.kubernetes.io/provisioned-by';

/** On every node; the kubelet makes the folders in it when they are first used. */
const volumesFolder = '/var/lib/kubelet/local-volumes';

export function volumeFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: string,
): Draft<PersistentVolume> {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const volume = `pvc-${uid}`;
  const reclaimPolicy = storageClass.reclaimPolicy ?? 'Delete';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volume,
      annotations: { [provisionedByAnnotation]: localProvisioner },
      ...(reclaimPolicy === 'Delete' ? { finalizers: [provisionerFinalizer] } : {}),
    },
    spec: {
      accessModes: claim.spec.accessModes ?? ['ReadWriteOnce'],
      capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        name,
        ...(namespace === undefined ? {} : { namespace }),
        uid,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      hostPath: { path: `${volumesFolder}/${volume}`, type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
    },
  };
}
