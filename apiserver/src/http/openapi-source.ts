/** The OpenAPI documents of the built-in kinds. */

import { describedDefinitions } from '@kubelab/api/definitions';
import type { OpenApiSource } from './openapi-routes.js';

export function createOpenApiSource(): OpenApiSource {
  return {
    v2: () => ({ swagger: '2.0', info: { title: 'Kubernetes', version: 'v1' }, paths: {}, definitions: describedDefinitions() }),
    v2Protobuf: () => Buffer.alloc(0),
    v3Paths: () => [],
    v3: () => undefined,
  };
}
