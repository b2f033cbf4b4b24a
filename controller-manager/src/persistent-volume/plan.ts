/** Which volume a claim gets, and what to tell while it gets none. Pure. */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { parseQuantity, Quantity } from '@kubelab/apimachinery/quantity';
import { localProvisioner } from '../provisioner/plan.js';

export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node';

export interface Tell {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

export type ClaimPlan =
  | { action: 'bind'; volume: PersistentVolume }
  | { action: 'provision'; storageClass: StorageClass; node: string }
  | { action: 'lost' }
  | { action: 'wait'; tell?: Tell };

export interface ClaimInput {
  claim: PersistentVolumeClaim;
  volumes: readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
}

export function planClaim(input: ClaimInput): ClaimPlan {
  const { claim, volumes, storageClass } = input;
  const named = claim.spec.volumeName;
  if (named) {
    const volume = volumes.find(({ metadata }) => metadata.name === named);
    if (volume && mayHave(volume, claim)) return { action: 'bind', volume };
    if (claim.status?.phase === 'Bound') return { action: 'lost' };
    return { action: 'wait' };
  }
  const reserved = volumes.find((volume) => isFor(volume, claim));
  if (reserved) return { action: 'bind', volume: reserved };
  const className = claim.spec.storageClassName ?? '';
  const found = className === '' ? undefined : storageClass(className);
  const delayed = found?.volumeBindingMode === 'WaitForFirstConsumer';
  const node = claim.metadata.annotations?.[selectedNodeAnnotation];
  if (delayed && node === undefined) {
    const message = 'waiting for first consumer to be created before binding';
    return { action: 'wait', tell: { type: 'Normal', reason: 'WaitForFirstConsumer', message } };
  }
  const match = delayed ? undefined : bestMatch(claim, volumes);
  return match ? { action: 'bind', volume: match } : planProvisioning(className, found, node);
}

function planProvisioning(
  className: string,
  storageClass: StorageClass | undefined,
  node: string | undefined,
): ClaimPlan {
  const wait = (type: Tell['type'], reason: string, message: string): ClaimPlan => ({
    action: 'wait',
    tell: { type, reason, message },
  });
  if (className === '')
    return wait(
      'Normal',
      'FailedBinding',
      'no persistent volumes available for this claim and no storage class is set',
    );
  if (!storageClass)
    return wait('Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`);
  const { provisioner } = storageClass;
  if (provisioner === 'kubernetes.io/no-provisioner')
    return wait('Normal', 'FailedBinding', `no volume plugin matched name: ${provisioner}`);
  if (provisioner !== localProvisioner) {
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    return wait('Normal', 'ExternalProvisioning', message);
  }
  if (node !== undefined) return { action: 'provision', storageClass, node };
  return wait('Warning', 'ProvisioningFailed', 'configuration error, no node was specified');
}

/** The volume names this very claim, whether it has been bound completely or only set aside. */
export function isFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef?.name !== metadata.name || claimRef?.namespace !== metadata.namespace) return false;
  return !claimRef?.uid || claimRef.uid === metadata.uid;
}

function mayHave(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return volume.spec.claimRef === undefined || isFor(volume, claim);
}

/** The smallest free volume that is large enough, as upstream chooses. */
export function bestMatch(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): PersistentVolume | undefined {
  return volumes.filter((volume) => fits(claim, volume)).sort((a, b) => sizeOf(a).compare(sizeOf(b)))[0];
}

export function fits({ spec }: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  const wanted = parseQuantity(spec.resources?.requests?.['storage'] ?? '0');
  return (
    volume.spec.claimRef === undefined &&
    volume.metadata.deletionTimestamp === undefined &&
    (volume.spec.storageClassName ?? '') === (spec.storageClassName ?? '') &&
    (volume.spec.volumeMode ?? 'Filesystem') === (spec.volumeMode ?? 'Filesystem') &&
    (spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode)) &&
    (spec.selector === undefined || selectorFromLabelSelector(spec.selector).matches(volume.metadata.labels)) &&
    sizeOf(volume).compare(wanted) >= 0
  );
}

function sizeOf(volume: PersistentVolume): Quantity {
  const text = volume.spec.capacity?.['storage'];
  return text === undefined ? Quantity.zero : parseQuantity(text);
}

export type VolumePlan =
  | { action: 'phase'; phase: 'Available' | 'Bound' | 'Released' }
  | { action: 'delete' }
  | { action: 'failed'; message: string };

/** What becomes of a volume, given its claim as the API has it now. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumePlan {
  const reference = volume.spec.claimRef;
  if (!reference) return { action: 'phase', phase: 'Available' };
  // Set aside by an administrator for a claim that has not come yet.
  if (!reference.uid) return { action: 'phase', phase: 'Available' };
  if (claim?.metadata.uid === reference.uid) return { action: 'phase', phase: 'Bound' };
  const policy = volume.spec.persistentVolumeReclaimPolicy ?? 'Retain';
  if (policy === 'Retain') return { action: 'phase', phase: 'Released' };
  const ours = volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === localProvisioner;
  if (policy === 'Delete' && ours) return { action: 'delete' };
  const what = policy === 'Delete' ? 'deletable' : 'recyclable';
  return {
    action: 'failed',
    message: `error getting ${what.replace('able', 'er')} volume plugin for volume "${volume.metadata.name}": no ${what} volume plugin matched`,
  };
}
