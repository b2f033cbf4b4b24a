/** Pods of a controller by its selector: ours, orphans to adopt, and ours no longer. Pure plan and thin apply. */

import type { ResourceType } from '@kubelab/api/resource';
import { pods as podType } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import type { Selector } from '@kubelab/apimachinery/labels';
import { controllerOf, isBeingDeleted, type KubeObject } from '@kubelab/apimachinery/meta';
import { isNotFound, isStatusError } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import { controllerReference } from '@kubelab/controller/owner';

export interface AdoptionPlan<T> {
  owned: T[];
  adopt: T[];
  release: T[];
}

export function planAdoption<T extends KubeObject>(
  owner: KubeObject,
  selector: Selector,
  candidates: readonly T[],
): AdoptionPlan<T> {
  const plan: AdoptionPlan<T> = { owned: [], adopt: [], release: [] };
  for (const object of candidates) {
    const controller = controllerOf(object);
    const selected = selector.matches(object.metadata.labels);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected) plan.owned.push(object);
      else if (!isBeingDeleted(owner)) plan.release.push(object);
    } else if (selected && !isBeingDeleted(object) && !isBeingDeleted(owner)) {
      plan.adopt.push(object);
    }
  }
  return plan;
}

/** Returns the pods that are ours after adopting and releasing. */
export async function claimPods<T extends KubeObject>(
  client: KubeClient,
  { type, object: owner }: { type: ResourceType<T>; object: T },
  selector: Selector,
  candidates: readonly Pod[],
): Promise<Pod[]> {
  const { owned, adopt, release } = planAdoption(owner, selector, candidates);
  const claimed = [...owned];
  for (const pod of adopt.length > 0 && (await mayAdopt(client, type, owner)) ? adopt : []) {
    const references = [...(pod.metadata.ownerReferences ?? []), controllerReference(owner)];
    if (await patchOwners(client, pod, references)) claimed.push(pod);
  }
  for (const pod of release) {
    await patchOwners(
      client,
      pod,
      (pod.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid),
    );
  }
  return claimed;
}

/** Asks the server: what the cache does not know to be deleted yet must not take back pods that its deletion just orphaned. */
export async function mayAdopt<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  owner: T,
): Promise<boolean> {
  try {
    const live = await client.get(type, owner.metadata.name, owner.metadata.namespace);
    return live.metadata.uid === owner.metadata.uid && !isBeingDeleted(live);
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function patchOwners(client: KubeClient, pod: Pod, ownerReferences: unknown[]): Promise<boolean> {
  const { name, namespace, uid, resourceVersion } = pod.metadata;
  try {
    await client.patch(podType, name, namespace, 'merge', { metadata: { uid, resourceVersion, ownerReferences } });
    return true;
  } catch (error) {
    // Gone, or changed under us: the change brings us back here.
    if (isNotFound(error) || isStatusError(error, 'Conflict') || isStatusError(error, 'Invalid')) return false;
    throw error;
  }
}
