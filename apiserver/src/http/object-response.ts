/** Answers with one stored object, in the form the client asked for. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { badRequest } from '@kubelab/apimachinery/status-error';
import type { Entry } from '../storage/store.js';
import type { Exchange } from './exchange.js';
import { contentTypeOf, type OutputFormat } from './media-types.js';
import { type IncludeObject, metadataOf, tableOf } from './projections.js';
import { protobufOf } from './protobuf/encode.js';
import { sendBody, sendEncoded } from './respond.js';

export interface EntryResponse {
  code: number;
  definition: ResourceDefinition;
  entry: Entry;
  format: OutputFormat;
  now: Date;
}

export async function sendEntry(exchange: Exchange, response: EntryResponse): Promise<void> {
  const { code, format } = response;
  if (format.encoding === 'protobuf' && format.projection === 'object') {
    await sendEncoded(exchange, { code, contentType: contentTypeOf('protobuf'), bytes: protobufOf(response.entry) });
    return;
  }
  const bytes = format.projection === 'object' ? response.entry.bytes : Buffer.from(projectEntry(exchange, response));
  await sendBody(exchange, { code, encoding: format.encoding, bytes });
}

function projectEntry(exchange: Exchange, { definition, entry, format, now }: EntryResponse): string {
  const { metaVersion } = format;
  if (format.projection === 'metadata') return stringifyExact(metadataOf(entry.object, metaVersion));
  const includeObject = parseIncludeObject(exchange.query);
  const { resourceVersion } = entry.object.metadata;
  return stringifyExact(tableOf([entry.object], { resourceVersion }, { definition, metaVersion, includeObject, now }));
}

/** Throws StatusError 400 for a value that Table does not know. */
export function parseIncludeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(
    `Table.meta.k8s.io "" is invalid: includeObject: Invalid value: ${stringifyExact(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}
