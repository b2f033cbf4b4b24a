/** Other forms of an object: a row of a Table, or its metadata alone. */

import type { PrinterColumn, ResourceDefinition } from '@kubelab/api/resource';
import { parseExact, stringifyExact } from '@kubelab/apimachinery/exact-json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { Entry } from '../storage/store.js';
import type { OutputFormat } from './media-types.js';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

type Json = Record<string, unknown>;

interface ProjectionContext {
  definition: ResourceDefinition;
  metaVersion: OutputFormat['metaVersion'];
  includeObject: IncludeObject;
  now: Date;
}

const nameColumn: PrinterColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the ' +
    'generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot ' +
    'be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  priority: 0,
  cell: (object) => object.metadata.name,
};

const createdColumn: PrinterColumn = {
  name: 'Created At',
  type: 'date',
  format: '',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before ' +
    'order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.',
  priority: 0,
  cell: (object) => object.metadata.creationTimestamp,
};

/** Kinds without columns of their own show what upstream's default table shows. */
function columnsOf(definition: ResourceDefinition): readonly PrinterColumn[] {
  return definition.columns.length > 0 ? definition.columns : [nameColumn, createdColumn];
}

/** A Table of objects. `headers: false` leaves the column definitions out, as in all but the first event of a watch. */
export function tableOf(
  objects: readonly UnstructuredObject[],
  listMeta: Json,
  context: ProjectionContext,
  { headers = true }: { headers?: boolean } = {},
): Json {
  const columns = columnsOf(context.definition);
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${context.metaVersion}`,
    metadata: listMeta,
    columnDefinitions: headers ? columns.map(columnDefinition) : null,
    rows: objects.map((object) => rowOf(object, columns, context)),
  };
}

function columnDefinition({ name, type, format = '', description, priority }: PrinterColumn): Json {
  return { name, type, format, description, priority };
}

function rowOf(object: UnstructuredObject, columns: readonly PrinterColumn[], context: ProjectionContext): Json {
  const head = rowHead(object, columns, context);
  if (context.includeObject === 'None') return { ...head, object: null };
  return { ...head, object: context.includeObject === 'Object' ? object : metadataOf(object, context.metaVersion) };
}

function rowHead(object: UnstructuredObject, columns: readonly PrinterColumn[], context: ProjectionContext): Json {
  const cells = columns.map((column) => column.cell(object, { now: context.now }));
  const conditions = context.definition.hooks.rowConditions?.(object) ?? [];
  return conditions.length > 0 ? { cells, conditions } : { cells };
}

export function metadataOf(
  { metadata }: Pick<UnstructuredObject, 'metadata'>,
  metaVersion: OutputFormat['metaVersion'],
): Json {
  return { ...metadataType(metaVersion), metadata };
}

function metadataType(metaVersion: OutputFormat['metaVersion']): Json {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${metaVersion}` };
}

export function metadataListOf(
  objects: readonly UnstructuredObject[],
  listMeta: Json,
  metaVersion: OutputFormat['metaVersion'],
): Json {
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: `meta.k8s.io/${metaVersion}`,
    metadata: listMeta,
    items: objects.map((object) => metadataOf(object, metaVersion)),
  };
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The metadata of an entry as it stands in its bytes, from brace to brace: far cheaper than to write it anew. */
export function metadataBytes({ bytes, itemOffset }: Pick<Entry, 'bytes' | 'itemOffset'>): Buffer {
  const start = itemOffset + '"metadata":'.length;
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const code = bytes[at];
    if (code === quote) at = endOfString(bytes, at);
    else if (code === openBrace) depth++;
    else if (code === closeBrace && --depth === 0) return bytes.subarray(start, at + 1);
  }
  throw new Error('an entry has no complete metadata');
}

function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

/** A Table in pieces, as {@link tableOf} makes it, with the metadata of its objects as it is stored. Rows are made when they are asked for. */
export function* tablePieces(entries: readonly Entry[], listMeta: Json, context: ProjectionContext): Generator<Buffer> {
  const { metaVersion, includeObject } = context;
  const columns = columnsOf(context.definition);
  const { rows: _, ...head } = tableOf([], listMeta, context);
  const object = `"object":${metadataStart(metaVersion)}`;
  let begin = `${stringifyExact(head).slice(0, -1)},"rows":[`;
  for (const entry of entries) {
    const row = `${begin}${stringifyExact(rowHead(entry.object, columns, context)).slice(0, -1)}`;
    if (includeObject === 'None') {
      begin = '},';
      yield Buffer.from(`${row},"object":null`);
    } else {
      const whole = includeObject === 'Object';
      yield Buffer.from(`${row},${whole ? '"object":' : object}`);
      yield whole ? entry.bytes : metadataBytes(entry);
      begin = whole ? '},' : '}},';
    }
  }
  // What the last row left open, and the end; no rows leave the beginning open.
  yield Buffer.from(`${entries.length === 0 ? begin : begin.slice(0, -1)}]}\n`);
}

const metadataStart = (metaVersion: OutputFormat['metaVersion']): string =>
  `${stringifyExact(metadataType(metaVersion)).slice(0, -1)},"metadata":`;

/** A list of metadata in pieces, as {@link metadataListOf} makes it, with each as it is stored. */
export function* metadataListPieces(
  entries: readonly Entry[],
  listMeta: Json,
  metaVersion: OutputFormat['metaVersion'],
): Generator<Buffer> {
  const { items: _, ...head } = metadataListOf([], listMeta, metaVersion);
  const item = metadataStart(metaVersion);
  yield Buffer.from(`${stringifyExact(head).slice(0, -1)},"items":[`);
  const [first, next] = [Buffer.from(item), Buffer.from(`},${item}`)];
  for (const [index, entry] of entries.entries()) {
    yield index === 0 ? first : next;
    yield metadataBytes(entry);
  }
  yield Buffer.from(entries.length === 0 ? ']}\n' : '}]}\n');
}

/** The metadata of an entry without the rest of it, which nobody has asked for. */
export function storedMetadata(entry: Pick<Entry, 'bytes' | 'itemOffset'>): Pick<UnstructuredObject, 'metadata'> {
  return { metadata: parseExact(metadataBytes(entry).toString()) as UnstructuredObject['metadata'] };
}
