/** Who owns the claims of a StatefulSet's pods, so that they go with their owner: pure. */

import type { PersistentVolumeClaim, Pod, StatefulSet } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { OwnerReference } from '@kubelab/apimachinery/meta';
import { controllerReference } from '@kubelab/controller/owner';

/**
 * The claim's owner references by the retention policy, or undefined when they are right. `condemned`: its pod is about to go because the set was
 * scaled down; then the claim follows the pod instead of the set.
 */
export function claimOwners(
  set: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
  condemned: boolean,
): OwnerReference[] | undefined {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const old = claim.metadata.ownerReferences ?? [];
  const others = old.filter(({ uid }) => uid !== set.metadata.uid && uid !== pod.metadata.uid);
  // Somebody else's claim stays somebody else's.
  if (others.some(({ controller }) => controller)) return undefined;
  const withPod = condemned && whenScaled === 'Delete';
  const withSet = !withPod && whenDeleted === 'Delete';
  const next = [
    ...others,
    ...(withSet ? [controllerReference(set)] : []),
    ...(withPod ? [{ apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid }] : []),
  ];
  return deepEqual(next, old) ? undefined : next;
}
