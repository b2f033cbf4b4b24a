/** Serves the OpenAPI documents: v2 as JSON and protobuf, v3 per group version. */

import type { OpenApiDocuments } from '@kubelab/api/openapi/documents';
import { notAcceptable } from '@kubelab/apimachinery/status-error';
import type { Request, Response, Router } from 'express';
import { type CachedDocument, cachedDocument, jsonDocument, sendDocument } from './cached-document.js';
import { parseAccept } from './media-types.js';
import { pathNotFound } from './resource-target.js';

const v2Types = {
  json: ['application/json', 'application/com.github.proto-openapi.spec.v2@v1.0+json'],
  protobuf: [
    'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
    'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  ],
};
const v2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const yearSeconds = 365 * 24 * 60 * 60;

export function addOpenApiRoutes(router: Router, source: OpenApiDocuments): void {
  const documents = new Map<string, { sources: readonly unknown[]; document: CachedDocument }>();
  const once = (key: string, make: () => CachedDocument, path?: string): CachedDocument => {
    const sources = source.sources?.(path) ?? [];
    const known = documents.get(key);
    if (known && sameItems(known.sources, sources)) return known.document;
    const document = make();
    documents.set(key, { sources, document });
    return document;
  };
  const v3 = (path: string): CachedDocument => {
    if (!source.v3Paths().includes(path)) throw pathNotFound();
    return once(`v3 ${path}`, () => jsonDocument(source.v3(path)), path);
  };
  router.get('/openapi/v2', async (request, response) => {
    const document =
      chosenForm(request) === 'json'
        ? once('v2 json', () => jsonDocument(source.v2()))
        : once('v2 protobuf', () => cachedDocument(source.v2Protobuf(), v2ProtobufType));
    await sendDocument(request, response, document);
  });
  router.get('/openapi/v3', async (request, response) => {
    const current = source.v3Paths();
    for (const key of documents.keys())
      if (key.startsWith('v3 ') && !current.includes(key.slice(3))) documents.delete(key);
    const paths = Object.fromEntries(
      current.map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${v3(path).hash}` }]),
    );
    await sendDocument(request, response, jsonDocument({ paths }));
  });
  router.get('/openapi/v3/*path', async (request, response) => {
    const { path } = request.params as unknown as { path: string[] };
    await sendV3(request, response, path.join('/'), v3(path.join('/')));
  });
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((item, index) => item === b[index]));
}

/** Throws StatusError 406. */
function chosenForm(request: Request): 'json' | 'protobuf' {
  const { accept } = request.headers;
  if (accept === undefined || accept === '') return 'json';
  for (const { type, subtype } of parseAccept(accept)) {
    const range = `${type}/${subtype}`;
    if (range === '*/*' || range === 'application/*' || v2Types.json.includes(range)) return 'json';
    if (v2Types.protobuf.includes(range)) return 'protobuf';
  }
  const accepted = [...v2Types.json, ...v2Types.protobuf].join(', ');
  throw notAcceptable(`only the following media types are accepted: ${accepted}`);
}

/** With the right hash in its URL a document may be kept for ever; with an old one the client is sent to the new. */
async function sendV3(request: Request, response: Response, path: string, document: CachedDocument): Promise<void> {
  const ranges = parseAccept(request.headers.accept ?? '*/*').map(({ type, subtype }) => `${type}/${subtype}`);
  if (!ranges.some((range) => ['*/*', 'application/*', 'application/json'].includes(range))) {
    throw notAcceptable('only the following media types are accepted: application/json');
  }
  const { hash } = request.query;
  if (hash === undefined || hash === '') return sendDocument(request, response, document);
  if (hash !== document.hash) {
    response.redirect(301, `/openapi/v3/${path}?hash=${document.hash}`);
    return;
  }
  await sendDocument(request, response, document, {
    'Cache-Control': 'public, immutable',
    Expires: new Date(Date.now() + yearSeconds * 1000).toUTCString(),
  });
}
