/** The kinds that this server offers, each with its store. */

import { builtinDefinitions } from '@kubelab/api/definitions';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { builtinSchema } from '@kubelab/api/schema-validation';
import { formatGroupResource, type GroupResource, toApiVersion } from '@kubelab/apimachinery/meta';
import { schemaFromOpenApi } from '@kubelab/apimachinery/openapi-schema';
import type { TypeSchema } from '@kubelab/apimachinery/schema';
import type { ResourceStore, Storage } from '../storage/store.js';
import type { ExpectedKind } from './decode.js';

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
  all(): readonly Resource[];
  /** Whether the group and version exist at all. */
  hasGroupVersion(group: string, version: string): boolean;
}

export function createResources(definitions: readonly ResourceDefinition[], storage: Storage): Resources {
  const byPath = new Map<string, Resource>();
  const byGroupResource = new Map<string, Resource>();
  const byKind = new Map<string, Resource>();
  const groupVersions = new Set<string>();
  for (const definition of definitions) {
    const resource = createResource(definition, storage);
    const { group, version, plural, kind } = definition;
    byPath.set(`${group}/${version}/${plural}`, resource);
    const name = formatGroupResource(resource.groupResource);
    if (!byGroupResource.has(name)) byGroupResource.set(name, resource);
    byKind.set(`${group}/${version}/${kind}`, resource);
    groupVersions.add(`${group}/${version}`);
  }
  return {
    find: (group, version, plural) => byPath.get(`${group}/${version}/${plural}`),
    byGroupResource: (groupResource) => byGroupResource.get(formatGroupResource(groupResource)),
    byKind: (group, version, kind) => byKind.get(`${group}/${version}/${kind}`),
    all: () => [...byPath.values()],
    hasGroupVersion: (group, version) => groupVersions.has(`${group}/${version}`),
  };
}

function createResource(definition: ResourceDefinition, storage: Storage): Resource {
  const { group, version, kind, plural, storagePath } = definition;
  const apiVersion = toApiVersion(group, version);
  return {
    definition,
    apiVersion,
    groupResource: { group, resource: plural },
    expected: {
      group,
      version,
      kind,
      get schema() {
        return builtinSchema(definition.schema);
      },
    },
    get typeSchema() {
      return schemaFromOpenApi(builtinDefinitions(), definition.schema);
    },
    ...(storagePath === undefined ? {} : { store: storage.resource({ storagePath, group, plural, kind, apiVersion }) }),
  };
}

/** Where an object lies in its resource's store. */
export function storageKey(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}
