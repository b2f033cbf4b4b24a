/** The OpenAPI documents of the served kinds. */

import { describedDefinitions } from '@kubelab/api/definitions';
import { createOpenApiDocuments, type OpenApiDocuments } from '@kubelab/api/openapi/documents';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { gitVersion } from '@kubelab/component/identity';

export function createOpenApiSource(resources: readonly ResourceDefinition[]): OpenApiDocuments {
  return createOpenApiDocuments({
    resources,
    version: gitVersion,
    // Descriptions are large and wanted once in a while: none of them are kept between two documents.
    get definitions() {
      return describedDefinitions();
    },
  });
}
