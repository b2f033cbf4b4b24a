import { chmod, mkdir, stat } from 'node:fs/promises';
import type { PersistentVolume, Pod } from '@kubelab/api/types';
import type { ClaimedVolume } from './claims.js';
import { prepareHostPath } from './host-path.js';
import { setVolumeOwnership } from './ownership.js';
import { MountStepError, VolumeUnknownError } from './volume-error.js';

/** Set by whoever provisioned a volume. */
export const provisionedByAnnotation = 'pv.kubernetes.io/provisioned-by';
/** Kubelab's own provisioner: its volumes are folders that are made where they are first used. */
export const localProvisioner = 'kubelab.io/local-path';

/** Where on the node a persistent volume is, ready to be mounted. Throws VolumeUnknownError for volumes of other kinds, MountStepError otherwise. */
export async function preparePersistentVolume(
  claimed: ClaimedVolume,
  pod: Pod,
  first: boolean,
): Promise<{ path: string; readOnly: boolean }> {
  try {
    return await prepare(claimed, pod, first);
  } catch (error) {
    if (error instanceof MountStepError || error instanceof VolumeUnknownError) throw error;
    throw new MountStepError('SetUp', claimed.volume.metadata.name, error);
  }
}

async function prepare(
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
  if (!local) throw new VolumeUnknownError(unsupported(volume));
  if (isProvisionedHere(volume)) await makeFolder(local.path);
  else await requireDirectory(volume.metadata.name, local.path);
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

async function requireDirectory(volume: string, path: string): Promise<void> {
  const fail = (text: string, cause?: unknown): never => {
    throw new MountStepError('NewMounter initialization', volume, new Error(text, { cause }));
  };
  try {
    if (!(await stat(path)).isDirectory()) fail('only directory and block device are supported');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    fail(`path "${path}" does not exist`, error);
  }
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
  return `failed to get Plugin from volumeSpec for volume "${volume.metadata.name}" err=no volume plugin matched: persistent volumes of type "${type ?? 'none'}" are not supported by this kubelet`;
}
