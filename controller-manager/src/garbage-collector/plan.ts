/** What to do about one object, given its owners and dependents: pure. Upstream's garbage collector rules. */

import type { ObjectMeta, OwnerReference } from '@kubelab/apimachinery/meta';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export type OwnerState = 'solid' | 'missing' | 'waiting-for-dependents';

export interface Dependent {
  uid: string;
  /** Its reference to the owner in question blocks the owner's foreground deletion. */
  blocks: boolean;
}

export type GcAction =
  | { action: 'none' }
  /** Foreground deletion: dependents go first. */
  | { action: 'wait-for-dependents'; dependents: string[] }
  | { action: 'remove-finalizer'; finalizer: string }
  | { action: 'orphan-dependents'; dependents: string[] }
  | { action: 'drop-references'; uids: string[] }
  | { action: 'delete'; propagationPolicy: 'Background' | 'Foreground' | 'Orphan' };

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
  return dependents.some(({ blocks }) => blocks)
    ? { action: 'wait-for-dependents', dependents: dependents.map(({ uid }) => uid) }
    : { action: 'remove-finalizer', finalizer: foregroundFinalizer };
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
  if (owners.some(({ state }) => state === 'waiting-for-dependents') && dependents.length > 0)
    return { action: 'delete', propagationPolicy: 'Foreground' };
  const finalizers = metadata.finalizers ?? [];
  if (finalizers.includes(orphanFinalizer)) return { action: 'delete', propagationPolicy: 'Orphan' };
  return {
    action: 'delete',
    propagationPolicy: finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background',
  };
}
