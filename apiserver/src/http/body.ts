/** Reads request bodies within upstream's limit. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestEntityTooLarge } from '@kubelab/apimachinery/status-error';

/** 3 MiB: what upstream accepts for resources (etcd's limit of 1.5 MiB with room for formatting). */
export const maxBodyBytes = 3 * 1024 * 1024;

interface BodySource {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Throws StatusError 413 beyond `limit` (the rest is discarded); rejects when the client goes away in the middle. */
export function readBody({ request, response }: BodySource, limit = maxBodyBytes): Promise<Buffer> {
  const tooLarge = (): Error => requestEntityTooLarge(`Request entity is too large: limit is ${limit}`);
  const clientGone = (): Error => new Error('the client closed the connection before the request was complete');
  return new Promise((resolve, reject) => {
    // Whoever has gone before anybody listens will not go again.
    if (request.destroyed && !request.complete) {
      reject(clientGone());
      return;
    }
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      request.resume();
      reject(tooLarge());
      return;
    }
    if (request.headers.expect !== undefined) response.writeContinue();
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(tooLarge());
      }
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('error', reject);
    // Every request closes; an error costs more than the rest of this function.
    const over = (): void => {
      if (!request.complete) reject(clientGone());
    };
    request.on('close', over);
    // Once it has been answered (after its deadline, say), a request no longer hears of its connection.
    response.on('close', over);
  });
}
