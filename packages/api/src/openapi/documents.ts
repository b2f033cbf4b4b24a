/** All OpenAPI documents over one set of resources: what a server publishes. */
import { describedDefinitions } from '../definitions.js';
import { builtinResources } from '../registry.js';
import type { DocumentInput, Json } from './document-input.js';
import { openApiV2 } from './v2.js';
import { encodeOpenApiV2 } from './v2-protobuf.js';
import { openApiV3, openApiV3Paths } from './v3.js';

/** Documents are made on each call; who serves them keeps their bytes. */
export interface OpenApiDocuments {
  /** The swagger 2.0 document. */
  v2(): Json;
  /** The same as a protobuf `openapi.v2.Document`. */
  v2Protobuf(): Buffer;
  /** Paths of the v3 documents: `api/v1`, `apis/apps/v1`, `version`. */
  v3Paths(): readonly string[];
  /** Undefined for a path that is not among them. */
  v3(path: string): Json | undefined;
  /** What a document is made from: as long as these are the same ones, so is the document. Without a path: of the v2 document. */
  sources?(path?: string): readonly unknown[];
}

export function createOpenApiDocuments(input: DocumentInput): OpenApiDocuments {
  return {
    v2: () => openApiV2(input),
    v2Protobuf: () => encodeOpenApiV2(openApiV2(input)),
    v3Paths: () => openApiV3Paths(input),
    v3: (path) => openApiV3(input, path),
  };
}

/** Documents of the built-in kinds. `version` is the server's, e.g. `v1.34.0`. */
export function builtinOpenApiDocuments(version: string): OpenApiDocuments {
  let definitions: DocumentInput['definitions'] | undefined;
  return createOpenApiDocuments({
    resources: builtinResources,
    version,
    // The descriptions are large: they are read when the first document is asked for.
    get definitions() {
      definitions ??= describedDefinitions();
      return definitions;
    },
  });
}
