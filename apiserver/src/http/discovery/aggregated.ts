/** Aggregated discovery: everything that the legacy documents say, in one (apidiscovery.k8s.io). Pure. */

import type { ResourceDefinition, SubresourceDefinition } from '@kubelab/api/resource';
import { parseAccept } from '../media-types.js';
import type { GroupVersions } from './documents.js';

export type AggregatedVersion = 'v2' | 'v2beta1';

/** Which form of aggregated discovery the client prefers over the legacy one, if any. */
export function wantsAggregated(accept: string | undefined): AggregatedVersion | undefined {
  for (const { type, subtype, parameters } of parseAccept(accept ?? '')) {
    if (type !== 'application' || subtype !== 'json') continue;
    if (parameters.get('as') !== 'APIGroupDiscoveryList') return undefined;
    const version = parameters.get('v');
    if (parameters.get('g') !== 'apidiscovery.k8s.io') continue;
    if (version === 'v2' || version === 'v2beta1') return version;
  }
  return undefined;
}

export function aggregatedContentType(version: AggregatedVersion): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

export function aggregatedDocument(
  groups: readonly GroupVersions[],
  version: AggregatedVersion,
): Record<string, unknown> {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: name === '' ? {} : { name },
      versions: versions.map((entry) => ({
        version: entry.version,
        resources: entry.definitions.map(resourceDiscovery),
        freshness: 'Current',
      })),
    })),
  };
}

function resourceDiscovery(definition: ResourceDefinition): Record<string, unknown> {
  const { group, version, kind, plural, singular, namespaced, verbs, shortNames, categories } = definition;
  const subresources = Object.entries(definition.subresources).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: [...verbs].sort(),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0
      ? { subresources: subresources.map(([name, entry]) => subresourceDiscovery(definition, name, entry)) }
      : {}),
  };
}

function subresourceDiscovery(
  parent: ResourceDefinition,
  name: string,
  subresource: SubresourceDefinition,
): Record<string, unknown> {
  const own = subresource.version !== undefined;
  return {
    subresource: name,
    responseKind: {
      group: own ? (subresource.group ?? '') : parent.group,
      version: subresource.version ?? parent.version,
      kind: subresource.kind ?? parent.kind,
    },
    verbs: [...subresource.verbs].sort(),
  };
}
