/** Answers with a collection: the stored bytes of its objects one after the other, or a projection of them. */

import type { ServerResponse } from 'node:http';
import { createGzip, type Gzip } from 'node:zlib';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { toApiVersion } from '@kubelab/apimachinery/meta';
import type { Entry, Page } from '../storage/store.js';
import type { Exchange } from './exchange.js';
import { contentTypeOf, type OutputFormat } from './media-types.js';
import { parseIncludeObject } from './object-response.js';
import { metadataListOf, metadataOf, tableOf, tablePieces } from './projections.js';
import { encodeProtobuf, type ListBody, protobufList, protobufOf } from './protobuf/encode.js';
import { acceptsGzip, sendBody, wantsPretty } from './respond.js';

export interface ListResponse {
  definition: ResourceDefinition;
  page: Page;
  format: OutputFormat;
  now: Date;
}

/** How much is put into one write: enough to be fast, little enough to leave room for other requests. */
const chunkBytes = 128 * 1024;
const gzipThresholdBytes = 128 * 1024;

export async function sendList(exchange: Exchange, list: ListResponse): Promise<void> {
  const { format } = list;
  const plain = format.encoding === 'json' && !wantsPretty(exchange.query, exchange.userAgent);
  if (plain && format.projection !== 'metadata') {
    const body = format.projection === 'object' ? storedList(list) : ready(tableOfList(exchange, list));
    await sendPieces(exchange, body, contentTypeOf('json'));
    return;
  }
  if (format.encoding === 'protobuf') {
    await sendPieces(exchange, protobufBody(list), contentTypeOf('protobuf'));
    return;
  }
  const bytes =
    format.projection === 'object' ? Buffer.concat([...storedList(list).pieces]) : Buffer.from(project(exchange, list));
  await sendBody(exchange, { code: 200, encoding: format.encoding, bytes });
}

function project(exchange: Exchange, { definition, page, format, now }: ListResponse): string {
  const { metaVersion } = format;
  const objects = page.entries.map((entry) => entry.object);
  if (format.projection === 'metadata') return stringifyExact(metadataListOf(objects, listMeta(page), metaVersion));
  const includeObject = parseIncludeObject(exchange.query);
  return stringifyExact(tableOf(objects, listMeta(page), { definition, metaVersion, includeObject, now }));
}

function tableOfList(exchange: Exchange, { definition, page, format, now }: ListResponse): Buffer[] {
  const includeObject = parseIncludeObject(exchange.query);
  const { metaVersion } = format;
  return tablePieces(page.entries, listMeta(page), { definition, metaVersion, includeObject, now });
}

function protobufBody({ definition, page, format }: ListResponse): ListBody {
  if (format.projection === 'metadata') {
    const { metaVersion } = format;
    const items = page.entries.map(({ object }) => encodeProtobuf(metadataOf(object, metaVersion)));
    const type = { apiVersion: `meta.k8s.io/${metaVersion}`, listKind: 'PartialObjectMetadataList' };
    return protobufList(type, listMeta(page), items);
  }
  const { group, version, listKind } = definition;
  const type = { apiVersion: toApiVersion(group, version), listKind };
  return protobufList(type, listMeta(page), page.entries.map(protobufOf));
}

function listMeta(page: Page): Record<string, unknown> {
  return {
    resourceVersion: String(page.revision),
    ...(page.continue === undefined ? {} : { continue: page.continue }),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  };
}

const openBrace = Buffer.from('{');
const commaBrace = Buffer.from(',{');
const listEnd = Buffer.from(']}\n');

function listHead({ definition, page }: ListResponse): Buffer {
  const { group, version, listKind } = definition;
  const head = { kind: listKind, apiVersion: toApiVersion(group, version), metadata: listMeta(page) };
  return Buffer.from(`${stringifyExact(head).slice(0, -1)},"items":[`);
}

/** The objects as they are stored. Pieces are made when they are sent: thousands of them for each of many clients would be what fills the memory. */
function storedList(list: ListResponse): ListBody {
  const { entries } = list.page;
  const head = listHead(list);
  let size = head.length + listEnd.length;
  for (const entry of entries) size += commaBrace.length + entry.bytes.length - entry.itemOffset;
  if (entries.length > 0) size += openBrace.length - commaBrace.length;
  return { size, pieces: storedPieces(head, entries) };
}

function* storedPieces(head: Buffer, entries: readonly Entry[]): Generator<Buffer> {
  yield head;
  let opening = openBrace;
  for (const entry of entries) {
    yield opening;
    yield entry.bytes.subarray(entry.itemOffset);
    opening = commaBrace;
  }
  yield listEnd;
}

function ready(pieces: readonly Buffer[]): ListBody {
  return { size: pieces.reduce((size, piece) => size + piece.length, 0), pieces };
}

/** Sends what is already encoded, a part at a time. */
async function sendPieces(exchange: Exchange, { size, pieces }: ListBody, contentType: string): Promise<void> {
  const { request, response } = exchange;
  const compressed = size > gzipThresholdBytes && acceptsGzip(request);
  response.writeHead(200, {
    'Cache-Control': 'no-cache, private',
    'Content-Type': contentType,
    ...(exchange.warnings.isEmpty ? {} : { Warning: exchange.warnings.headerValues() }),
    ...(compressed ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : { 'Content-Length': size }),
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

/** Writes in steps, waiting for slow clients. Gives up without error when the client goes away. */
async function writeChunks(
  sink: ServerResponse | Gzip,
  response: ServerResponse,
  pieces: Iterable<Buffer>,
): Promise<void> {
  let chunk: Buffer[] = [];
  let size = 0;
  for (const piece of pieces) {
    chunk.push(piece);
    size += piece.length;
    if (size < chunkBytes) continue;
    if (response.destroyed) return;
    if (!sink.write(Buffer.concat(chunk, size))) await drained(sink, response);
    chunk = [];
    size = 0;
  }
  if (!response.destroyed) sink.end(Buffer.concat(chunk, size));
}

function drained(sink: ServerResponse | Gzip, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      sink.off('drain', done);
      response.off('close', done);
      resolve();
    };
    sink.on('drain', done);
    response.on('close', done);
  });
}
