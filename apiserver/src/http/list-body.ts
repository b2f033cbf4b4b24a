/** Sends the body of a list piece by piece, as its client reads: what has been sent is not kept, what is not sent yet is not made. */

import type { ServerResponse } from 'node:http';
import { createGzip, type Gzip } from 'node:zlib';
import type { Exchange } from './exchange.js';
import { acceptsGzip } from './respond.js';

/** What a list is made of, in the order of its bytes; to be read once. */
export interface ListBody {
  /** Of all pieces together; absent when only making them would tell. */
  size?: number;
  pieces: Iterable<Buffer>;
}

/** How much is put into one write: enough to be fast, little enough to leave room for other requests. */
const chunkBytes = 128 * 1024;
const gzipThresholdBytes = 128 * 1024;

/** Resolves when all is written or the client has gone. */
export async function sendPieces(exchange: Exchange, body: ListBody, contentType: string): Promise<void> {
  const { request, response } = exchange;
  const { size, pieces } = body.size === undefined ? measured(body.pieces) : body;
  const compressed = (size === undefined || size > gzipThresholdBytes) && acceptsGzip(request);
  response.writeHead(200, {
    'Cache-Control': 'no-cache, private',
    'Content-Type': contentType,
    ...(exchange.warnings.isEmpty ? {} : { Warning: exchange.warnings.headerValues() }),
    ...(compressed ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {}),
    ...(compressed || size === undefined ? {} : { 'Content-Length': size }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  if (!compressed) {
    await writeChunks(response, response, pieces);
    return;
  }
  const gzip = createGzip({ level: 1 });
  gzip.pipe(response);
  await writeChunks(gzip, response, pieces);
}

/** Makes the first pieces, so that short bodies have a length like all others. */
function measured(pieces: Iterable<Buffer>): ListBody {
  const iterator = pieces[Symbol.iterator]();
  const made: Buffer[] = [];
  let size = 0;
  while (size <= gzipThresholdBytes) {
    const { done, value } = iterator.next();
    if (done) return { size, pieces: made };
    made.push(value);
    size += value.length;
  }
  return { pieces: followedBy(made, iterator) };
}

function* followedBy(made: readonly Buffer[], rest: Iterator<Buffer>): Generator<Buffer> {
  yield* made;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}

/** Writes in steps, waiting for slow clients. Gives up without error when the client goes away. */
async function writeChunks(
  sink: ServerResponse | Gzip,
  response: ServerResponse,
  pieces: Iterable<Buffer>,
): Promise<void> {
  // Used again for every chunk: new ones would be garbage of the size of the list, which costs more to collect than to fill.
  let memory = Buffer.alloc(0);
  let chunk: Buffer[] = [];
  let size = 0;
  for (const piece of pieces) {
    chunk.push(piece);
    size += piece.length;
    if (size < chunkBytes) continue;
    if (response.destroyed) return;
    if (memory.length < size) memory = Buffer.allocUnsafeSlow(size + chunkBytes);
    if (!(await written(sink, response, joined(chunk, memory)))) return;
    chunk = [];
    size = 0;
  }
  if (!response.destroyed) sink.end(Buffer.concat(chunk, size));
}

function joined(pieces: readonly Buffer[], memory: Buffer): Buffer {
  let size = 0;
  for (const piece of pieces) size += piece.copy(memory, size);
  return memory.subarray(0, size);
}

/** Resolves when nobody needs `chunk` any more: true when it is on its way, false when the client has gone. */
function written(sink: ServerResponse | Gzip, response: ServerResponse, chunk: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const gone = (): void => resolve(false);
    response.once('close', gone);
    sink.write(chunk, (error) => {
      response.off('close', gone);
      resolve(!error);
    });
  });
}
