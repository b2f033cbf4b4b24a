/** Answers with a collection: the stored bytes of its objects one after the other, or a projection of them. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { toApiVersion } from '@kubelab/apimachinery/meta';
import type { Entry, Page } from '../storage/store.js';
import type { Exchange } from './exchange.js';
import { type ListBody, sendPieces } from './list-body.js';
import { contentTypeOf, type OutputFormat } from './media-types.js';
import { parseIncludeObject } from './object-response.js';
import { metadataListOf, metadataListPieces, metadataOf, storedMetadata, tableOf, tablePieces } from './projections.js';
import { encodeProtobuf, protobufList, protobufOf } from './protobuf/encode.js';
import { sendBody, wantsPretty } from './respond.js';

export interface ListResponse {
  definition: ResourceDefinition;
  page: Page;
  format: OutputFormat;
  now: Date;
}

export async function sendList(exchange: Exchange, list: ListResponse): Promise<void> {
  const { format } = list;
  const plain = format.encoding === 'json' && !wantsPretty(exchange.query, exchange.userAgent);
  if (plain) {
    await sendPieces(exchange, plainBody(exchange, list), contentTypeOf('json'));
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

function plainBody(exchange: Exchange, list: ListResponse): ListBody {
  const { definition, page, format, now } = list;
  const { metaVersion, projection } = format;
  if (projection === 'object') return storedList(list);
  if (projection === 'metadata') return { pieces: metadataListPieces(page.entries, listMeta(page), metaVersion) };
  // Bad input is refused before the answer begins.
  const includeObject = parseIncludeObject(exchange.query);
  return { pieces: tablePieces(page.entries, listMeta(page), { definition, metaVersion, includeObject, now }) };
}

function protobufBody({ definition, page, format }: ListResponse): ListBody {
  if (format.projection === 'metadata') {
    const { metaVersion } = format;
    const items = page.entries.map((entry) => encodeProtobuf(metadataOf(storedMetadata(entry), metaVersion)));
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
