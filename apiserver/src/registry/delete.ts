/** DELETE of one object and of collections. */

import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { isNotFound, methodNotSupported, notFound, type Status } from '@kubelab/apimachinery/status-error';
import type { UserInfo } from '../contracts.js';
import type { Entry, EntryPredicate, Page, Update } from '../storage/store.js';
import { storeOf } from './create.js';
import { planDeletion } from './deletion-plan.js';
import { admit, type Engine, storageHookFor, validateAdmission } from './engine.js';
import type { DeleteOptions } from './options.js';
import { type Resource, storageKey } from './resources.js';
import { returnsDeletedObject } from './strategy.js';
import { transientEntry } from './transient-entry.js';

export interface DeleteRequest {
  resource: Resource;
  namespace: string | undefined;
  name: string;
  user: UserInfo;
  options: DeleteOptions;
  warn(message: string): void;
}

export interface Deleted {
  /** The last state, or the marked object when it is not gone yet. */
  entry: Entry;
  gone: boolean;
}

/** Marks or removes an object. Throws StatusError 404 when there is none, 409 for a precondition that does not hold. */
export async function deleteObject(engine: Engine, request: DeleteRequest): Promise<Deleted> {
  const { resource, name } = request;
  const store = storeOf(resource, 'delete');
  const key = storageKey(request.namespace, name);
  let gone = false;
  const step = async (current: Entry | undefined): Promise<Update> => {
    if (!current) throw notFound(resource.groupResource, name);
    await checkAdmission(engine, request, current.object);
    const plan = planDeletion(resource, current.object, request.options, new Date(engine.clock.now()));
    gone = plan.action === 'delete';
    return plan.action === 'mark' ? { action: 'write', object: plan.object } : plan;
  };
  if (request.options.dryRun) {
    const current = await store.get(key);
    const update = await step(current);
    const entry = update.action === 'write' ? transientEntry(key, update.object) : current;
    if (!entry) throw notFound(resource.groupResource, name);
    return { entry, gone };
  }
  const entry = await store.update(key, step);
  if (!entry) throw notFound(resource.groupResource, name);
  if (gone) await storageHookFor(engine, resource)?.afterDelete?.(entry.object);
  return { entry, gone };
}

async function checkAdmission(engine: Engine, request: DeleteRequest, oldObject: UnstructuredObject): Promise<void> {
  const admission = {
    operation: 'DELETE',
    definition: request.resource.definition,
    subresource: '',
    namespace: request.namespace,
    name: request.name,
    oldObject,
    user: request.user,
    dryRun: request.options.dryRun,
    warn: request.warn,
  } as const;
  await admit(engine, admission);
  await validateAdmission(engine, admission);
}

/** The answer to a DELETE: the object where upstream gives it, otherwise a Status that names it. */
export function deletionAnswer(resource: Resource, deleted: Deleted): Status | undefined {
  if (!deleted.gone || returnsDeletedObject(resource.groupResource)) return undefined;
  const { group, plural } = resource.definition;
  const { name, uid } = deleted.entry.object.metadata;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group ? { group } : {}), kind: plural, uid },
  };
}

export interface CollectionDeleteRequest extends Omit<DeleteRequest, 'name'> {
  predicate?: EntryPredicate;
  /** Lists in pages of this size; 0 is all at once. */
  limit: number;
}

/** Upstream deletes the objects of a collection with one worker; a few more keep etcd busy without flooding it. */
const deleteWorkers = 4;

/** Deletes what matches; objects that vanish meanwhile are no error. Returns what was found, as it was before, as upstream does. */
export async function deleteCollection(engine: Engine, request: CollectionDeleteRequest): Promise<Page> {
  const { resource, namespace, predicate, limit } = request;
  if (!resource.definition.verbs.includes('deletecollection')) {
    throw methodNotSupported(resource.groupResource, 'deletecollection');
  }
  const page = await storeOf(resource, 'deletecollection').list({
    ...(namespace === undefined ? {} : { namespace }),
    ...(predicate ? { predicate } : {}),
    ...(limit > 0 ? { limit } : {}),
  });
  // One for all workers: each takes the next entry that is left.
  const queue = page.entries.values();
  const work = async (): Promise<void> => {
    for (const entry of queue) await deleteOfCollection(engine, request, entry.object);
  };
  await Promise.all(Array.from({ length: deleteWorkers }, work));
  return page;
}

async function deleteOfCollection(
  engine: Engine,
  request: CollectionDeleteRequest,
  object: UnstructuredObject,
): Promise<void> {
  try {
    const { name, namespace } = object.metadata;
    await deleteObject(engine, { ...request, name, namespace });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
