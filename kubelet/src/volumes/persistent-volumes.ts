import { chmod, mkdir, stat } from 'node:fs/promises';
import type { PersistentVolume, Pod } from '@kubelab/api/types';
import type { ClaimedVolume } from './claims.js';
import { prepareHostPath } from './host-path.js';
import { setVolumeOwnership } from './ownership.js';

/** Set by whoever provisioned a volume. */
export const provisionedByAnnotation = 'pv.kubernetes.io/provisioned-by';
/** Kubelab's own provisioner: its volumes are folders that are made where they are first used. */
export const localProvisioner = 'kubelab.io/local-path';

/** Where on the node a persistent volume is, ready to be mounted. Throws an Error for volumes of other kinds. */
export async function preparePersistentVolume(
  { volume, readOnly }: ClaimedVolume,
  pod: Pod,
  first: boolean,
): Promise<{ path: string; readOnly: boolean }> {
  const { hostPath, local } = volume.spec;
  if (hostPath) {
    if (isProvisionedHere(volume)) await makeFolder(hostPath.path);
    else await prepareHostPath(hostPath.path, hostPath.type);
    return { path: hostPath.path, readOnly };
  }
  if (!local) throw new Error(unsupported(volume));
  if (isProvisionedHere(volume)) await makeFolder(local.path);
  else await requireDirectory(local.path);
  const { fsGroup, fsGroupChangePolicy: changePolicy } = pod.spec.securityContext ?? {};
  if (first && fsGroup !== undefined && !readOnly)
    await setVolumeOwnership(local.path, fsGroup, { readOnly: false, changePolicy });
  return { path: local.path, readOnly };
}

function isProvisionedHere(volume: PersistentVolume): boolean {
  return volume.metadata.annotations?.[provisionedByAnnotation] === localProvisioner;
}

/** For whatever user the pod runs as. */
async function makeFolder(path: string): Promise<void> {
  if ((await mkdir(path, { recursive: true })) !== undefined) await chmod(path, 0o777);
}

async function requireDirectory(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`path "${path}" does not exist`, { cause: error });
  }
  throw new Error(`path "${path}" is not a directory: only directories are supported as local volumes`);
}

const commonFields = [
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeMode',
  'volumeAttributesClassName',
];

function unsupported(volume: PersistentVolume): string {
  const type = Object.keys(volume.spec).find((key) => !commonFields.includes(key));
  return `no volume plugin matched name: persistent volumes of type "${type ?? 'none'}" are not supported by this kubelet`;
}
