/** The OpenAPI documents of the served kinds. */

import { describedDefinitions } from '@kubelab/api/definitions';
import { customDefinitionsOf } from '@kubelab/api/openapi/document-input';
import { createOpenApiDocuments, type OpenApiDocuments } from '@kubelab/api/openapi/documents';
import { groupVersionPath } from '@kubelab/api/openapi/operation';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { gitVersion } from '@kubelab/component/identity';

/** `definitions` gives the same array until a kind comes or goes. */
export function createOpenApiSource(definitions: () => readonly ResourceDefinition[]): OpenApiDocuments {
  let known: readonly ResourceDefinition[] | undefined;
  let documents: OpenApiDocuments | undefined;
  const current = (): OpenApiDocuments => {
    const resources = definitions();
    if (documents && resources === known) return documents;
    known = resources;
    documents = createOpenApiDocuments({
      resources,
      version: gitVersion,
      custom: customDefinitionsOf(resources),
      // Descriptions are large and wanted once in a while: none of them are kept between two documents.
      get definitions() {
        return describedDefinitions();
      },
    });
    return documents;
  };
  return {
    v2: () => current().v2(),
    v2Protobuf: () => current().v2Protobuf(),
    v3Paths: () => current().v3Paths(),
    v3: (path) => current().v3(path),
    sources(path) {
      if (path === undefined) return definitions();
      return definitions().filter(({ group, version }) => groupVersionPath(group, version) === `/${path}`);
    },
  };
}
