/** The stored objects for code inside the server, without authorization and admission. */

import { deepClone } from '@kubelab/apimachinery/json';
import type { GroupResource, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { generateName } from '@kubelab/apimachinery/names';
import { type Clock, timestamp } from '@kubelab/component/clock';
import type { ObjectAccess } from '../contracts.js';
import type { ResourceStore } from '../storage/store.js';
import { ttlOptions } from './create.js';
import { countGeneration, identifyNew } from './prepare.js';
import { type Resource, type Resources, storageKey } from './resources.js';
import { validateChange, validateNew } from './validate.js';

interface Stored {
  resource: Resource;
  store: ResourceStore;
}

export function createObjectAccess(resources: Resources, clock: Clock): ObjectAccess {
  const storedOf = (groupResource: GroupResource): Stored => {
    const resource = resources.byGroupResource(groupResource);
    if (!resource?.store) throw new Error(`${groupResource.resource} (group "${groupResource.group}") is not stored`);
    return { resource, store: resource.store };
  };
  return {
    peek<T>(groupResource: GroupResource, namespace: string | undefined, name: string): T | undefined {
      const { store } = storedOf(groupResource);
      return store.peek(storageKey(namespace, name))?.object as T | undefined;
    },
    peekAll<T>(groupResource: GroupResource, namespace?: string): T[] {
      return storedOf(groupResource)
        .store.peekAll(namespace)
        .map((entry) => entry.object as T);
    },
    async get<T>(groupResource: GroupResource, namespace: string | undefined, name: string): Promise<T | undefined> {
      const entry = await storedOf(groupResource).store.get(storageKey(namespace, name));
      return entry?.object as T | undefined;
    },
    create: (groupResource, object) => createDirectly(storedOf(groupResource), object, clock),
    update: (groupResource, namespace, name, change) =>
      updateDirectly(storedOf(groupResource), storageKey(namespace, name), change, clock),
    onChange(groupResource, listener) {
      return storedOf(groupResource).store.onChange((type, entry) => listener(type, entry.object));
    },
  };
}

async function createDirectly(
  { resource, store }: Stored,
  given: Record<string, unknown>,
  clock: Clock,
): Promise<UnstructuredObject> {
  const object = completed(resource, given, clock);
  return (await store.create(keyOf(object), object, ttlOptions(resource))).object;
}

function completed(resource: Resource, given: Record<string, unknown>, clock: Clock): UnstructuredObject {
  const { kind, hooks } = resource.definition;
  const object = { metadata: {}, ...deepClone(given), kind, apiVersion: resource.apiVersion } as UnstructuredObject;
  const { metadata } = object;
  if (!metadata.name && metadata.generateName) metadata.name = generateName(metadata.generateName);
  metadata.name ??= '';
  resource.expected.schema.conform(object);
  hooks.default?.(object);
  identifyNew(resource, object, timestamp(clock));
  hooks.prepareForCreate?.(object, () => undefined);
  validateNew(resource, object);
  return object;
}

function keyOf(object: UnstructuredObject): string {
  return storageKey(object.metadata.namespace, object.metadata.name);
}

async function updateDirectly(
  { resource, store }: Stored,
  key: string,
  change: (current: UnstructuredObject | undefined) => UnstructuredObject | undefined,
  clock: Clock,
): Promise<UnstructuredObject | undefined> {
  const entry = await store.update(
    key,
    (current) => {
      const old = current && deepClone(current.object);
      const next = change(old && deepClone(old));
      if (!next) return { action: 'keep' };
      if (!old) return { action: 'write', object: completed(resource, next, clock) };
      resource.definition.hooks.default?.(next);
      countGeneration(resource, next, old);
      validateChange(resource, '', next, old);
      return { action: 'write', object: next };
    },
    { create: true, ...ttlOptions(resource) },
  );
  return entry?.object;
}
