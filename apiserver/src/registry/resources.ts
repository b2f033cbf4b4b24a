/** The kinds that this server offers, each with its store. */

import { builtinDefinitions } from '@kubelab/api/definitions';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { builtinSchema } from '@kubelab/api/schema-validation';
import { formatGroupResource, type GroupResource, toApiVersion } from '@kubelab/apimachinery/meta';
import { type OpenApiSchema, schemaFromInlineOpenApi, schemaFromOpenApi } from '@kubelab/apimachinery/openapi-schema';
import type { TypeSchema } from '@kubelab/apimachinery/schema';
import type { ResourceStore, Storage } from '../storage/store.js';
import type { ExpectedKind } from './decode.js';
import { versionedStore } from './versioned-store.js';

export interface Resource {
  readonly definition: ResourceDefinition;
  readonly groupResource: GroupResource;
  /** `apps/v1`. */
  readonly apiVersion: string;
  /** What bodies must be; made on first use. */
  readonly expected: ExpectedKind;
  /** For patches and managed fields; made on first use. */
  readonly typeSchema: TypeSchema;
  /** Absent for kinds that are never stored, such as SubjectAccessReview. */
  readonly store?: ResourceStore;
}

export interface Resources {
  /** By what a path says. */
  find(group: string, version: string, plural: string): Resource | undefined;
  /** The first version of a kind; for code inside the server. */
  byGroupResource(groupResource: GroupResource): Resource | undefined;
  byKind(group: string, version: string, kind: string): Resource | undefined;
  /** The same array until something is added or removed. */
  all(): readonly Resource[];
  /** The definitions of all resources; likewise the same array until something changes. */
  definitions(): readonly ResourceDefinition[];
  /** Whether the group and version exist at all. */
  hasGroupVersion(group: string, version: string): boolean;
  /** Serves these kinds for `owner` from now on, and no longer those that it brought before. Resources of built-in kinds are not replaced. */
  replaceCustom(owner: string, definitions: readonly ResourceDefinition[]): void;
  /** After kinds have come or gone. Returns the function that ends it. */
  onChange(listener: () => void): () => void;
}

/** `computed` are the stores of kinds that are not in `storage`, by `resource.group`. */
export function createResources(
  definitions: readonly ResourceDefinition[],
  storage: Storage,
  computed: ReadonlyMap<string, ResourceStore> = new Map(),
): Resources {
  const builtin = definitions.map((definition) => {
    const resource = createResource(definition, storage);
    const store = computed.get(formatGroupResource(resource.groupResource));
    return store ? withStore(resource, store) : resource;
  });
  const listeners = new Set<() => void>();
  const custom = new Map<string, readonly Resource[]>();
  let index = indexOf(builtin);
  return {
    find: (group, version, plural) => index.byPath.get(`${group}/${version}/${plural}`),
    byGroupResource: (groupResource) => index.byGroupResource.get(formatGroupResource(groupResource)),
    byKind: (group, version, kind) => index.byKind.get(`${group}/${version}/${kind}`),
    all: () => index.all,
    definitions: () => index.definitions,
    hasGroupVersion: (group, version) => index.groupVersions.has(`${group}/${version}`),
    replaceCustom(owner, added) {
      if (added.length === 0 && !custom.has(owner)) return;
      if (added.length === 0) custom.delete(owner);
      else
        custom.set(
          owner,
          added.map((definition) => createResource(definition, storage)),
        );
      index = indexOf([...builtin, ...[...custom.values()].flat()]);
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

interface Index {
  all: readonly Resource[];
  definitions: readonly ResourceDefinition[];
  byPath: ReadonlyMap<string, Resource>;
  byGroupResource: ReadonlyMap<string, Resource>;
  byKind: ReadonlyMap<string, Resource>;
  groupVersions: ReadonlySet<string>;
}

/** Of two resources with the same name the first counts. */
function indexOf(resources: readonly Resource[]): Index {
  const byPath = new Map<string, Resource>();
  const byGroupResource = new Map<string, Resource>();
  const byKind = new Map<string, Resource>();
  for (const resource of resources) {
    const { group, version, plural, kind } = resource.definition;
    const path = `${group}/${version}/${plural}`;
    if (byPath.has(path)) continue;
    byPath.set(path, resource);
    const name = formatGroupResource(resource.groupResource);
    if (!byGroupResource.has(name)) byGroupResource.set(name, resource);
    byKind.set(`${group}/${version}/${kind}`, resource);
  }
  const all = [...byPath.values()];
  const definitions = all.map(({ definition }) => definition);
  const groupVersions = new Set(definitions.map(({ group, version }) => `${group}/${version}`));
  return { all, definitions, byPath, byGroupResource, byKind, groupVersions };
}

/** A resource on its own; those that are served are in {@link Resources}. */
export function createResource(definition: ResourceDefinition, storage: Storage): Resource {
  const { group, version, kind, plural } = definition;
  const store = storeFor(definition, storage);
  let typeSchema: TypeSchema | undefined;
  return {
    definition,
    apiVersion: toApiVersion(group, version),
    groupResource: { group, resource: plural },
    expected: {
      group,
      version,
      kind,
      get schema() {
        return definition.custom ?? builtinSchema(definition.schema);
      },
    },
    get typeSchema() {
      typeSchema ??= typeSchemaOf(definition);
      return typeSchema;
    },
    ...(store ? { store } : {}),
  };
}

/** The schemas of a resource are made on first use: its getters must stay getters. */
function withStore(resource: Resource, store: ResourceStore): Resource {
  return Object.defineProperty(resource, 'store', { value: store, enumerable: true }) as Resource;
}

function typeSchemaOf({ schema, custom }: ResourceDefinition): TypeSchema {
  if (!custom) return schemaFromOpenApi(builtinDefinitions(), schema);
  return schemaFromInlineOpenApi(custom.definitions.v3[schema] as OpenApiSchema, schema, builtinDefinitions());
}

function storeFor(definition: ResourceDefinition, storage: Storage): ResourceStore | undefined {
  const { storagePath, plural, stored } = definition;
  if (storagePath === undefined) return undefined;
  const { group, version, kind } = stored ?? definition;
  const store = storage.resource({ storagePath, group, plural, kind, apiVersion: toApiVersion(group, version) });
  return stored ? versionedStore(store, stored) : store;
}

/** Where an object lies in its resource's store. */
export function storageKey(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}
