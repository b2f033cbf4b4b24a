/** Answers with a collection: the stored bytes of its objects one after the other, or a projection of them. */

import type { ServerResponse } from 'node:http';
import { createGzip, type Gzip } from 'node:zlib';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { toApiVersion } from '@kubelab/apimachinery/meta';
import type { Page } from '../storage/store.js';
import type { Exchange } from './exchange.js';
import { contentTypeOf, type OutputFormat } from './media-types.js';
import { parseIncludeObject } from './object-response.js';
import { metadataListOf, metadataOf, tableOf, tablePieces } from './projections.js';
import { encodeProtobuf, protobufList, protobufOf } from './protobuf/encode.js';
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
    const buffers = format.projection === 'object' ? pieces(list) : tableOfList(exchange, list);
    await sendPieces(exchange, buffers, contentTypeOf('json'));
    return;
  }
  if (format.encoding === 'protobuf') {
    await sendPieces(exchange, protobufPieces(list), contentTypeOf('protobuf'));
    return;
  }
  const bytes = format.projection === 'object' ? Buffer.concat(pieces(list)) : Buffer.from(project(exchange, list));
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

function protobufPieces({ definition, page, format }: ListResponse): Buffer[] {
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

function pieces(list: ListResponse): Buffer[] {
  const buffers = [listHead(list)];
  for (const [index, entry] of list.page.entries.entries()) {
    buffers.push(index === 0 ? openBrace : commaBrace, entry.bytes.subarray(entry.itemOffset));
  }
  buffers.push(listEnd);
  return buffers;
}

/** Sends what is already encoded, a part at a time. */
async function sendPieces(exchange: Exchange, buffers: readonly Buffer[], contentType: string): Promise<void> {
  const { request, response } = exchange;
  let size = 0;
  for (const buffer of buffers) size += buffer.length;
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
    await writeChunks(response, response, buffers);
    return;
  }
  const gzip = createGzip({ level: 1 });
  gzip.pipe(response);
  await writeChunks(gzip, response, buffers);
}

/** Writes in steps, waiting for slow clients. Gives up without error when the client goes away. */
async function writeChunks(
  sink: ServerResponse | Gzip,
  response: ServerResponse,
  buffers: readonly Buffer[],
): Promise<void> {
  for (let start = 0; start < buffers.length; ) {
    let size = 0;
    let end = start;
    while (end < buffers.length && size < chunkBytes) size += (buffers[end++] as Buffer).length;
    if (response.destroyed) return;
    const chunk = Buffer.concat(buffers.slice(start, end), size);
    if (end === buffers.length) sink.end(chunk);
    else if (!sink.write(chunk)) await drained(sink, response);
    start = end;
  }
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
