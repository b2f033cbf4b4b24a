/** Creation: from a decoded object to a stored one. */

import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { generateName } from '@kubelab/apimachinery/names';
import { alreadyExists, badRequest, isAlreadyExists, methodNotSupported } from '@kubelab/apimachinery/status-error';
import { timestamp } from '@kubelab/component/clock';
import { mayHaveHappened } from '../storage/etcd-errors.js';
import type { Entry, ResourceStore } from '../storage/store.js';
import {
  admissionRequest,
  admit,
  type Engine,
  storageHookFor,
  validateAdmission,
  type WriteRequest,
} from './engine.js';
import { recordUpdate } from './field-ownership.js';
import { dedupOwnerReferences, identifyNew, inCanonicalOrder, matchNamespace, wipeForCreate } from './prepare.js';
import { type Resource, storageKey } from './resources.js';
import { transientEntry } from './transient-entry.js';
import { validateNew } from './validate.js';

/** Upstream draws this many names before it gives up on generateName. */
const maxGeneratedNames = 8;

/** POST. `object` is private to this call and already defaulted. */
export async function createObject(engine: Engine, request: WriteRequest, object: UnstructuredObject): Promise<Entry> {
  const store = storeOf(request.resource, 'create');
  matchNamespace(object, request.namespace);
  if (object.metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
  wipeForCreate(request.resource, object);
  dedupOwnerReferences(object, request.warn);
  recordUpdate(engine, request, object, undefined);
  const generated = !object.metadata.name && Boolean(object.metadata.generateName);
  for (let attempt = 1; ; attempt++) {
    if (generated) object.metadata.name = attempt === 1 ? '' : generateName(object.metadata.generateName ?? '');
    try {
      return await createOnce(engine, request, store, object, { generated });
    } catch (error) {
      if (!generated || !isAlreadyExists(error)) throw error;
      if (attempt >= maxGeneratedNames) throw exhaustedNames(request.resource, object.metadata.name, error);
    }
  }
}

async function createOnce(
  engine: Engine,
  request: WriteRequest,
  store: ResourceStore,
  object: UnstructuredObject,
  { generated }: { generated: boolean },
): Promise<Entry> {
  await completeNew(engine, request, object, { generated });
  const key = storageKey(request.namespace, object.metadata.name);
  const undo = await storageHookFor(engine, request.resource)?.beforeCreate?.(object, request.options);
  try {
    if (request.options.dryRun) return await pretendToCreate(request.resource, store, key, object);
    return await store.create(key, inCanonicalOrder(object), ttlOptions(request.resource));
  } catch (error) {
    await undo?.({ unsure: mayHaveHappened(error) });
    throw error;
  }
}

/** Admission, defaults, identity and validation of an object that is about to exist. Throws what refuses it. */
export async function completeNew(
  engine: Engine,
  request: WriteRequest,
  object: UnstructuredObject,
  { generated = false }: { generated?: boolean } = {},
): Promise<void> {
  const { resource } = request;
  const { hooks } = resource.definition;
  const subject = { operation: 'CREATE', name: object.metadata.name ?? '', object } as const;
  await admit(engine, admissionRequest(request, subject));
  if (generated && !object.metadata.name) object.metadata.name = generateName(object.metadata.generateName ?? '');
  hooks.default?.(object);
  nameAsText(object);
  identifyNew(resource, object, timestamp(engine.clock));
  hooks.prepareForCreate?.(object, request.warn);
  nameAsText(object);
  for (const warning of hooks.warnings?.(object) ?? []) request.warn(warning);
  validateNew(resource, object);
  await validateAdmission(engine, admissionRequest(request, { ...subject, name: object.metadata.name }));
}

/** Hooks read the name as text; validation says that it is missing. */
function nameAsText(object: UnstructuredObject): void {
  object.metadata.name ??= '';
}

async function pretendToCreate(
  resource: Resource,
  store: ResourceStore,
  key: string,
  object: UnstructuredObject,
): Promise<Entry> {
  if (await store.get(key)) throw alreadyExists(resource.groupResource, object.metadata.name);
  return transientEntry(key, object);
}

export function ttlOptions(resource: Resource): { ttlSeconds?: number } {
  const { ttlSeconds } = resource.definition;
  return ttlSeconds === undefined ? {} : { ttlSeconds };
}

/** Throws StatusError 405 for kinds that are never stored. */
export function storeOf(resource: Resource, action: string): ResourceStore {
  if (!resource.store) throw methodNotSupported(resource.groupResource, action);
  return resource.store;
}

function exhaustedNames(resource: Resource, name: string, cause: unknown): Error {
  const error = alreadyExists(resource.groupResource, name);
  error.message = `${error.message}, the server was not able to generate a unique name for the object`;
  error.cause = cause;
  return error;
}
