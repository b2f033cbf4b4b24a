/** What a server serves, from its aggregated discovery documents. */

import type { ResourceType } from '@kubelab/api/resource';
import type { KubeClient } from './client.js';

export interface DiscoveredResource extends ResourceType {
  readonly verbs: readonly string[];
}

interface GroupDiscoveryList {
  items: {
    metadata?: { name?: string };
    versions: {
      version: string;
      resources?: {
        resource: string;
        responseKind?: { kind?: string };
        scope: 'Namespaced' | 'Cluster';
        verbs: string[];
      }[];
    }[];
  }[];
}

const mediaType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Every resource in its group's preferred version. Throws when the server does not answer with aggregated discovery. */
export async function discoverResources(client: KubeClient): Promise<DiscoveredResource[]> {
  const documents = await Promise.all(['/api', '/apis'].map((path) => fetchDocument(client, path)));
  return documents.flatMap(({ items }) =>
    items.flatMap(({ metadata, versions }) => resourcesOf(metadata?.name ?? '', versions)),
  );
}

async function fetchDocument(client: KubeClient, path: string): Promise<GroupDiscoveryList> {
  const { code, body } = await client.raw('GET', path, { headers: { Accept: mediaType } });
  if (code !== 200) throw new Error(`discovery at ${path} answered ${code}`);
  const document = JSON.parse(body) as Partial<GroupDiscoveryList>;
  if (!Array.isArray(document.items)) throw new Error(`discovery at ${path} is not aggregated`);
  return document as GroupDiscoveryList;
}

/** A resource that only an older version still serves is taken from there. */
function resourcesOf(group: string, versions: GroupDiscoveryList['items'][number]['versions']): DiscoveredResource[] {
  const found = new Map<string, DiscoveredResource>();
  for (const { version, resources = [] } of versions) {
    for (const { resource, responseKind, scope, verbs } of resources) {
      if (found.has(resource)) continue;
      found.set(resource, {
        group,
        version,
        plural: resource,
        kind: responseKind?.kind ?? '',
        namespaced: scope === 'Namespaced',
        verbs,
      });
    }
  }
  return [...found.values()];
}
