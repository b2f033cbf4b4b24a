/** Guaranteed updates: from a change to the stored object through ownership, admission and validation to the next version. */

import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { badRequest, conflict, notFound, staleObjectMessage } from '@kubelab/apimachinery/status-error';
import { forbiddenByAuthorization } from '../authorization/forbidden.js';
import type { UndoHook } from '../contracts.js';
import { mayHaveHappened } from '../storage/etcd-errors.js';
import type { Entry, ResourceStore, Update } from '../storage/store.js';
import { completeNew, storeOf, ttlOptions } from './create.js';
import {
  admissionRequest,
  admit,
  type Engine,
  storageHookFor,
  validateAdmission,
  type WriteRequest,
} from './engine.js';
import { recordUpdate } from './field-ownership.js';
import {
  countGeneration,
  dedupOwnerReferences,
  inCanonicalOrder,
  matchNamespace,
  restoreUnchangeable,
  wipeForCreate,
} from './prepare.js';
import { storageKey } from './resources.js';
import { allowsUnconditionalUpdate } from './strategy.js';
import { transientEntry } from './transient-entry.js';
import { uidMismatch } from './uid-mismatch.js';
import { missingResourceVersion, validateChange } from './validate.js';

export interface Change {
  /** From what is stored to what is wanted; `current` is a private copy. Called again when another writer was faster. */
  from(current: UnstructuredObject): UnstructuredObject | Promise<UnstructuredObject>;
  /** The object to create where there is none; without it that is a 404. */
  fromNothing?(): UnstructuredObject | Promise<UnstructuredObject>;
  /** True when the change has computed metadata.managedFields itself (apply). */
  ownsManagedFields?: boolean;
}

export interface Updated {
  entry: Entry;
  created: boolean;
}

/** One run of the change; `undo` takes back what a storage hook reserved for it. */
interface Attempt {
  created: boolean;
  deleted: boolean;
  undo?: UndoHook;
}

export async function updateObject(engine: Engine, request: WriteRequest, change: Change): Promise<Updated> {
  const store = storeOf(request.resource, 'update');
  const key = storageKey(request.namespace, request.name);
  let attempt: Attempt = { created: false, deleted: false };
  const step = async (current: Entry | undefined): Promise<Update> => {
    await attempt.undo?.({ unsure: false });
    attempt = { created: current === undefined, deleted: false };
    if (!current) return createInstead(engine, request, change, attempt);
    return changeExisting(engine, request, change, current, attempt);
  };
  try {
    const entry = request.options.dryRun
      ? await pretend(store, key, step)
      : await store.update(key, step, { create: true, ...ttlOptions(request.resource) });
    if (!entry) throw notFound(request.resource.groupResource, request.name);
    if (attempt.deleted && !request.options.dryRun) await afterDelete(engine, request, entry);
    return { entry, created: attempt.created };
  } catch (error) {
    await attempt.undo?.({ unsure: mayHaveHappened(error) });
    throw error;
  }
}

async function pretend(
  store: ResourceStore,
  key: string,
  step: (current: Entry | undefined) => Promise<Update>,
): Promise<Entry | undefined> {
  const current = await store.get(key);
  const update = await step(current);
  if (update.action !== 'write') return current;
  if (current) update.object.metadata.resourceVersion = current.object.metadata.resourceVersion;
  return transientEntry(key, update.object);
}

async function afterDelete(engine: Engine, request: WriteRequest, entry: Entry): Promise<void> {
  await storageHookFor(engine, request.resource)?.afterDelete?.(entry.object);
}

async function createInstead(engine: Engine, request: WriteRequest, change: Change, attempt: Attempt): Promise<Update> {
  const { resource, name } = request;
  if (!change.fromNothing || request.subresource !== '') throw notFound(resource.groupResource, name);
  const object = await change.fromNothing();
  checkName(request, object);
  if (object.metadata.uid) {
    const why = `uid mismatch: the provided object specified uid ${object.metadata.uid}, and no existing object was found`;
    throw conflict(resource.groupResource, name, why);
  }
  matchNamespace(object, request.namespace);
  wipeForCreate(resource, object);
  dedupOwnerReferences(object, request.warn);
  if (!change.ownsManagedFields) recordUpdate(engine, request, object, undefined);
  await authorizeCreate(engine, request);
  await completeNew(engine, request, object);
  const undo = await storageHookFor(engine, resource)?.beforeCreate?.(object, request.options);
  if (undo) attempt.undo = undo;
  return { action: 'write', object: inCanonicalOrder(object) };
}

async function authorizeCreate(engine: Engine, request: WriteRequest): Promise<void> {
  const { definition } = request.resource;
  const attributes = {
    user: request.user,
    verb: 'create',
    resourceRequest: true,
    apiGroup: definition.group,
    apiVersion: definition.version,
    resource: definition.plural,
    subresource: request.subresource,
    ...(request.namespace === undefined ? {} : { namespace: request.namespace }),
    name: request.name,
    path: '',
  };
  const decision = await engine.authorizer.authorize(attributes);
  if (!decision.allowed) throw forbiddenByAuthorization(attributes, decision.reason);
}

async function changeExisting(
  engine: Engine,
  request: WriteRequest,
  change: Change,
  current: Entry,
  attempt: Attempt,
): Promise<Update> {
  const { resource, subresource } = request;
  const { hooks } = resource.definition;
  // Hooks and plugins get a copy, too: what they share with the new object must not be the cache's.
  const old = deepClone(current.object);
  const object = await change.from(deepClone(old));
  checkName(request, object);
  matchNamespace(object, request.namespace);
  checkVersion(request, object, old);
  restoreUnchangeable(resource, subresource, object, old);
  dedupOwnerReferences(object, request.warn);
  if (!change.ownsManagedFields) recordUpdate(engine, request, object, old);
  const subject = { operation: 'UPDATE', name: request.name, object, oldObject: old } as const;
  await admit(engine, admissionRequest(request, subject));
  hooks.default?.(object);
  restoreUnchangeable(resource, subresource, object, old);
  if (subresource === '') hooks.prepareForUpdate?.(object, old);
  else if (subresource === 'status') hooks.prepareForStatusUpdate?.(object, old);
  countGeneration(resource, object, old);
  if (subresource === '') for (const warning of hooks.warnings?.(object, old) ?? []) request.warn(warning);
  validateChange(resource, subresource, object, old);
  await validateAdmission(engine, admissionRequest(request, subject));
  if (isFinished(object, old)) {
    attempt.deleted = true;
    return { action: 'delete' };
  }
  const undo = await storageHookFor(engine, resource)?.beforeUpdate?.(object, old, request.options);
  if (undo) attempt.undo = undo;
  object.metadata.resourceVersion = old.metadata.resourceVersion;
  // The order of fields may be another one, so this cannot be left to a comparison of bytes.
  return deepEqual(object, old) && !current.outdated
    ? { action: 'keep' }
    : { action: 'write', object: inCanonicalOrder(object) };
}

/** Throws StatusError 400 when the object names another object than the path. */
function checkName(request: WriteRequest, object: UnstructuredObject): void {
  const { name, namespace } = request;
  if (!object.metadata.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (object.metadata.name !== name) {
    throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`);
  }
  const given = object.metadata.namespace;
  if (namespace !== undefined && given && given !== namespace) {
    throw badRequest(
      `the namespace of the object (${given}) does not match the namespace on the request (${namespace})`,
    );
  }
}

/** Optimistic concurrency: throws StatusError 409 when the update is not based on `old`. */
function checkVersion(request: WriteRequest, object: UnstructuredObject, old: UnstructuredObject): void {
  const { groupResource } = request.resource;
  const { uid, resourceVersion } = object.metadata;
  if (uid && uid !== old.metadata.uid) {
    const path = storeOf(request.resource, 'update').pathOf(storageKey(request.namespace, request.name));
    throw conflict(groupResource, request.name, uidMismatch(path, uid, old.metadata.uid));
  }
  if (!resourceVersion || resourceVersion === '0') {
    if (!allowsUnconditionalUpdate(groupResource)) throw missingResourceVersion(request.resource, request.name);
  } else if (resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(groupResource, request.name, staleObjectMessage);
  }
}

/** An object on its way out goes when its last finalizer and its grace period are gone. */
function isFinished(object: UnstructuredObject, old: UnstructuredObject): boolean {
  if (old.metadata.deletionTimestamp === undefined) return false;
  if ((object.metadata.finalizers?.length ?? 0) > 0 || (object.metadata.deletionGracePeriodSeconds ?? 0) > 0)
    return false;
  const spec = object['spec'] as { finalizers?: string[] } | undefined;
  return object.kind !== 'Namespace' || (spec?.finalizers?.length ?? 0) === 0;
}
