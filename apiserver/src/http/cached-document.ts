/** Documents that change rarely: encoded once, with an ETag, answered with 304 when the client has them. */

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { sendBytes } from './respond.js';

export interface CachedDocument {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Upper-case hex, as upstream's. */
  readonly hash: string;
}

export function cachedDocument(bytes: Buffer, contentType: string): CachedDocument {
  return { bytes, contentType, hash: createHash('sha512').update(bytes).digest('hex').toUpperCase() };
}

export function jsonDocument(value: unknown, contentType = 'application/json'): CachedDocument {
  return cachedDocument(Buffer.from(`${stringifyExact(value)}\n`), contentType);
}

/** Sends the document, or 304 when If-None-Match names it. */
export async function sendDocument(
  request: IncomingMessage,
  response: ServerResponse,
  document: CachedDocument,
  headers: Record<string, string> = {},
): Promise<void> {
  const etag = `"${document.hash}"`;
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) {
    response.writeHead(304, { ETag: etag, Vary: 'Accept', ...headers });
    response.end();
    return;
  }
  const { bytes, contentType } = document;
  await sendBytes(request, response, {
    code: 200,
    contentType,
    bytes,
    headers: { ETag: etag, Vary: 'Accept', ...headers },
  });
}
