/** Serves discovery. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import type { Router } from 'express';
import { type CachedDocument, jsonDocument, sendDocument } from '../cached-document.js';
import { pathNotFound } from '../resource-target.js';
import { aggregatedContentType, aggregatedDocument, wantsAggregated } from './aggregated.js';
import {
  apiVersionsDocument,
  type GroupVersions,
  groupDocument,
  groupListDocument,
  groupsOf,
  resourceListDocument,
} from './documents.js';

export interface DiscoveryOptions {
  definitions(): readonly ResourceDefinition[];
  /** `host:port` by which the server is reached; for /api. */
  serverAddress(): string;
}

export function addDiscoveryRoutes(router: Router, options: DiscoveryOptions): void {
  const catalogue = catalogueOf(options);
  for (const root of ['api', 'apis'] as const) {
    router.get(`/${root}`, async (request, response) => {
      const version = wantsAggregated(request.headers.accept);
      const document = version
        ? catalogue.document(`${root} ${version}`, (groups) => {
            const wanted = groups.filter(({ name }) => (name === '') === (root === 'api'));
            return jsonDocument(aggregatedDocument(wanted, version), aggregatedContentType(version));
          })
        : catalogue.document(root, (groups) =>
            jsonDocument(root === 'api' ? apiVersionsDocument(options.serverAddress()) : groupListDocument(groups)),
          );
      await sendDocument(request, response, document);
    });
  }
  router.get('/api/:version', async (request, response) => {
    await sendDocument(request, response, catalogue.resourceList('', request.params.version));
  });
  router.get('/apis/:group', async (request, response) => {
    await sendDocument(request, response, catalogue.group(request.params.group));
  });
  router.get('/apis/:group/:version', async (request, response) => {
    await sendDocument(request, response, catalogue.resourceList(request.params.group, request.params.version));
  });
}

interface Catalogue {
  document(key: string, make: (groups: GroupVersions[]) => CachedDocument): CachedDocument;
  /** Throws StatusError 404. */
  group(name: string): CachedDocument;
  resourceList(group: string, version: string): CachedDocument;
}

/** Documents are kept until the list of definitions is another one. */
function catalogueOf(options: DiscoveryOptions): Catalogue {
  let definitions: readonly ResourceDefinition[] | undefined;
  let groups: GroupVersions[] = [];
  const documents = new Map<string, CachedDocument>();
  const refresh = (): void => {
    const current = options.definitions();
    if (current === definitions) return;
    definitions = current;
    groups = groupsOf(current);
    documents.clear();
  };
  const document: Catalogue['document'] = (key, make) => {
    refresh();
    const made = documents.get(key) ?? make(groups);
    documents.set(key, made);
    return made;
  };
  const find = (name: string): GroupVersions => {
    refresh();
    const group = groups.find((candidate) => candidate.name === name);
    if (!group) throw pathNotFound();
    return group;
  };
  return {
    document,
    group(name) {
      const group = find(name);
      return document(`group ${name}`, () => jsonDocument(groupDocument(group)));
    },
    resourceList(name, version) {
      const entry = find(name).versions.find((candidate) => candidate.version === version);
      if (!entry) throw pathNotFound();
      return document(`list ${name}/${version}`, () =>
        jsonDocument(resourceListDocument(name, version, entry.definitions)),
      );
    },
  };
}
