/** Empties the storage of a kind whose definition is being deleted. */

import {
  cleanupFinalizer,
  isConditionTrue,
  type NewCondition,
  setCondition,
} from '@kubelab/api/apiextensions/conditions';
import { customResources } from '@kubelab/api/custom/definition';
import type { CustomResourceDefinition } from '@kubelab/api/types';
import { deepClone } from '@kubelab/apimachinery/json';
import { storeOf } from '../registry/create.js';
import { deleteCollection } from '../registry/delete.js';
import type { Engine } from '../registry/engine.js';
import { createResource } from '../registry/resources.js';
import type { Storage } from '../storage/store.js';

const user = { name: 'system:apiserver', groups: ['system:masters'] };

export function awaitsCleanup(definition: CustomResourceDefinition): boolean {
  const { deletionTimestamp, finalizers = [] } = definition.metadata;
  return deletionTimestamp !== undefined && finalizers.includes(cleanupFinalizer);
}

/** Deletes every object of the kind. Resolves with how many are still there: those with finalizers wait for somebody else. */
export async function deleteInstances(
  engine: Engine,
  storage: Storage,
  definition: CustomResourceDefinition,
): Promise<number> {
  // Also a definition that serves no version any more may have objects.
  const versions = definition.spec.versions.map((version) => ({ ...version, served: version.storage }));
  const [kind] = customResources({ ...definition, spec: { ...definition.spec, versions } });
  if (!kind) return 0;
  const resource = createResource(kind, storage);
  await deleteCollection(engine, {
    resource,
    namespace: undefined,
    user,
    options: { dryRun: false },
    warn: () => undefined,
    limit: 0,
  });
  return (await storeOf(resource, 'list').list()).entries.length;
}

export const deletionInProgress: NewCondition = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionInProgress',
  message: 'CustomResource deletion is in progress',
};

/** Why the definition is still there although its objects were deleted. */
export const deletionUnconfirmed: NewCondition = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionCheck',
  message: 'could not confirm zero CustomResources remaining: timed out waiting for the condition',
};

/** The definition without the finalizer that waited for {@link deleteInstances}. */
export function withoutCleanup(definition: CustomResourceDefinition, now: string): CustomResourceDefinition {
  const next = deepClone(definition);
  const others = (next.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer);
  if (others.length > 0) next.metadata.finalizers = others;
  else delete next.metadata.finalizers;
  const established = isConditionTrue(definition, 'Established');
  const condition: NewCondition = established
    ? { type: 'Terminating', status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }
    : { type: 'Terminating', status: 'False', reason: 'NeverEstablished', message: 'resource was never established' };
  setCondition(next, condition, now);
  return next;
}
