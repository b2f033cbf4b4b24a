/** Legacy discovery: /api, /apis and the resource lists of each group version. Pure. */

import { createHash } from 'node:crypto';
import { compareGroups, compareVersions } from '@kubelab/api/groups';
import type { ResourceDefinition, SubresourceDefinition } from '@kubelab/api/resource';
import { toApiVersion } from '@kubelab/apimachinery/meta';

export interface GroupVersions {
  name: string;
  /** The preferred one first. */
  versions: { version: string; definitions: ResourceDefinition[] }[];
}

/** Definitions by group and version, in the order in which discovery lists them. */
export function groupsOf(definitions: readonly ResourceDefinition[]): GroupVersions[] {
  const groups = new Map<string, Map<string, ResourceDefinition[]>>();
  for (const definition of definitions) {
    const versions = groups.get(definition.group) ?? new Map<string, ResourceDefinition[]>();
    groups.set(definition.group, versions);
    versions.set(definition.version, [...(versions.get(definition.version) ?? []), definition]);
  }
  return [...groups]
    .map(([name, versions]) => ({
      name,
      versions: [...versions]
        .map(([version, list]) => ({ version, definitions: list.sort((a, b) => (a.plural < b.plural ? -1 : 1)) }))
        .sort((a, b) => compareVersions(a.version, b.version)),
    }))
    .sort((a, b) => compareGroups(a.name, b.name));
}

export function apiVersionsDocument(serverAddress: string): Record<string, unknown> {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

function groupFields({ name, versions }: GroupVersions): Record<string, unknown> {
  const listed = versions.map(({ version }) => ({ groupVersion: toApiVersion(name, version), version }));
  return { name, versions: listed, preferredVersion: listed[0] };
}

export function groupListDocument(groups: readonly GroupVersions[]): Record<string, unknown> {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.filter(({ name }) => name !== '').map(groupFields),
  };
}

export function groupDocument(group: GroupVersions): Record<string, unknown> {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupFields(group) };
}

export function resourceListDocument(
  group: string,
  version: string,
  definitions: readonly ResourceDefinition[],
): Record<string, unknown> {
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: toApiVersion(group, version),
    resources: definitions.flatMap(apiResources),
  };
}

function apiResources(definition: ResourceDefinition): Record<string, unknown>[] {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories, storagePath } = definition;
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: [...verbs].sort(),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(storagePath === undefined ? {} : { storageVersionHash: storageVersionHash(definition) }),
  };
  const subresources = Object.entries(definition.subresources).sort(([a], [b]) => (a < b ? -1 : 1));
  return [main, ...subresources.map(([name, subresource]) => apiSubresource(definition, name, subresource))];
}

function apiSubresource(
  { plural, namespaced, kind }: ResourceDefinition,
  name: string,
  subresource: SubresourceDefinition,
): Record<string, unknown> {
  return {
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...(subresource.version === undefined ? {} : { group: subresource.group ?? '', version: subresource.version }),
    kind: subresource.kind ?? kind,
    verbs: [...subresource.verbs].sort(),
  };
}

/** Changes with the version in which objects are stored, so that clients know when to migrate. */
export function storageVersionHash({ group, version, kind }: ResourceDefinition): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}
