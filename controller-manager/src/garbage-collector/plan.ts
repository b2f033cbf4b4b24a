/** What to do about one object, given its owners and dependents: pure. Upstream's garbage collector rules. */

import type { ObjectMeta, OwnerReference } from '@kubelab/apimachinery/meta';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export type OwnerState = 'solid' | 'missing' | 'waiting-for-dependents';

export interface Dependent {
  uid: string;
  /** Its reference to the owner in question blocks the owner's foreground deletion. */
  blocks: boolean;
  /** It is being deleted itself, and waits for its own dependents. */
  waits: boolean;
}

export type GcAction =
  | { action: 'none' }
  /** Foreground deletion: dependents go first. */
  | { action: 'wait-for-dependents'; dependents: string[] }
  | { action: 'remove-finalizer'; finalizer: string }
  | { action: 'orphan-dependents'; dependents: string[] }
  | { action: 'drop-references'; uids: string[] }
  /** `unblock`: first its references stop blocking their owners. */
  | { action: 'delete'; propagationPolicy: 'Background' | 'Foreground' | 'Orphan'; unblock?: true };

export interface GcInput {
  metadata: ObjectMeta;
  owners: readonly { reference: OwnerReference; state: OwnerState }[];
  dependents: readonly Dependent[];
}

export function planObject(input: GcInput): GcAction {
  return input.metadata.deletionTimestamp === undefined ? planLiving(input) : planDeletion(input);
}

/** An object on its way out that still has a finalizer of ours. */
function planDeletion({ metadata, dependents }: GcInput): GcAction {
  if (metadata.finalizers?.includes(orphanFinalizer)) {
    return dependents.length > 0
      ? { action: 'orphan-dependents', dependents: dependents.map(({ uid }) => uid) }
      : { action: 'remove-finalizer', finalizer: orphanFinalizer };
  }
  if (!metadata.finalizers?.includes(foregroundFinalizer)) return { action: 'none' };
  const blocking = dependents.filter(({ blocks }) => blocks);
  if (blocking.length === 0) return { action: 'remove-finalizer', finalizer: foregroundFinalizer };
  // Those that wait themselves are on their way; to look at them again and again would never end where they wait for each other.
  return { action: 'wait-for-dependents', dependents: blocking.filter(({ waits }) => !waits).map(({ uid }) => uid) };
}

/** Whether the object waits for its dependents to go before it goes. */
export function waitsForDependents({ deletionTimestamp, finalizers }: ObjectMeta): boolean {
  return deletionTimestamp !== undefined && finalizers?.includes(foregroundFinalizer) === true;
}

/** Owners whose foreground deletion the object no longer blocks. */
export function unblockedOwners(before: ObjectMeta, now: ObjectMeta): string[] {
  const blockedBy = ({ ownerReferences = [] }: ObjectMeta): string[] =>
    ownerReferences.filter(({ blockOwnerDeletion }) => blockOwnerDeletion).map(({ uid }) => uid);
  const still = new Set(blockedBy(now));
  return blockedBy(before).filter((uid) => !still.has(uid));
}

function planLiving({ metadata, owners, dependents }: GcInput): GcAction {
  if (owners.length === 0) return { action: 'none' };
  const solid = owners.some(({ state }) => state === 'solid');
  const rest = owners.filter(({ state }) => state !== 'solid');
  if (solid)
    return rest.length > 0
      ? { action: 'drop-references', uids: rest.map(({ reference }) => reference.uid) }
      : { action: 'none' };
  // An owner that waits for its dependents to go wants theirs to go first, too.
  if (owners.some(({ state }) => state === 'waiting-for-dependents') && dependents.length > 0) {
    // Owner and dependent wait both: they may be the same, or wait for each other in a circle, which is broken here.
    const circle = dependents.some(({ waits }) => waits);
    return { action: 'delete', propagationPolicy: 'Foreground', ...(circle ? { unblock: true } : {}) };
  }
  const finalizers = metadata.finalizers ?? [];
  if (finalizers.includes(orphanFinalizer)) return { action: 'delete', propagationPolicy: 'Orphan' };
  return {
    action: 'delete',
    propagationPolicy: finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background',
  };
}
