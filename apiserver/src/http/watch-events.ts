/** Watch events as lines of JSON or as frames of protobuf. Those in the stored form are encoded once for all watchers. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { toApiVersion } from '@kubelab/apimachinery/meta';
import type { Status } from '@kubelab/apimachinery/status-error';
import type { Entry, WatchEvent } from '../storage/store.js';
import type { OutputFormat } from './media-types.js';
import { type IncludeObject, metadataOf, tableOf } from './projections.js';
import { encodeProtobuf, frameHeaderBytes, protobufFrame, protobufOf } from './protobuf/encode.js';

export interface WatchEncoderOptions {
  definition: ResourceDefinition;
  format: OutputFormat;
  includeObject: IncludeObject;
  now(): Date;
}

export interface WatchEncoder {
  readonly contentType: string;
  /** JSON goes over a WebSocket as text, protobuf as binary. */
  readonly isText: boolean;
  /** Bytes in front of each event that only an HTTP stream needs: a WebSocket has frames of its own. */
  readonly headerBytes: number;
  /** Encoders with the same value here encode the same events alike; undefined: each client has its own. */
  readonly sharing: object | undefined;
  encode(event: WatchEvent): Buffer;
  encodeError(status: Status): Buffer;
}

const prefixes = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const suffix = Buffer.from('}\n');

type Json = Record<string, unknown>;

export function createWatchEncoder(options: WatchEncoderOptions): WatchEncoder {
  const { encoding, projection } = options.format;
  if (encoding === 'protobuf') return protobufEncoder(options);
  return projection === 'object' ? storedFormEncoder(options.definition) : projectingEncoder(options);
}

const jsonEncoding = {
  contentType: 'application/json',
  isText: true,
  headerBytes: 0,
  sharing: undefined,
  encodeError: (status: Status): Buffer => eventLine('ERROR', status),
};

/** What several watchers get of one event; forgotten with it. */
const lines = new WeakMap<WatchEvent, Buffer>();
const frames = new WeakMap<WatchEvent, Buffer>();

function sharedBy(known: WeakMap<WatchEvent, Buffer>, event: WatchEvent, make: () => Buffer): Buffer {
  let encoded = known.get(event);
  if (!encoded) {
    encoded = make();
    known.set(event, encoded);
  }
  return encoded;
}

function storedFormEncoder(definition: ResourceDefinition): WatchEncoder {
  return {
    ...jsonEncoding,
    sharing: definition,
    encode(event) {
      const { type, entry } = event;
      if (type === 'BOOKMARK' || !entry) return eventLine('BOOKMARK', bookmark(definition, event));
      return sharedBy(lines, event, () => Buffer.concat([prefixes[type], entry.bytes, suffix]));
    },
  };
}

function protobufEncoder(options: WatchEncoderOptions): WatchEncoder {
  const asMetadata = options.format.projection === 'metadata';
  return {
    contentType: 'application/vnd.kubernetes.protobuf;stream=watch',
    isText: false,
    headerBytes: frameHeaderBytes,
    sharing: asMetadata ? undefined : options.definition,
    encodeError: (status) => protobufFrame('ERROR', encodeProtobuf(status as unknown as Json)),
    encode(event) {
      const { type, entry } = event;
      if (type === 'BOOKMARK' || !entry) return protobufFrame('BOOKMARK', encodeProtobuf(bookmarkFor(options, event)));
      if (asMetadata) return protobufFrame(type, encodeProtobuf(projectEntry(options, entry, false)));
      return sharedBy(frames, event, () => protobufFrame(type, protobufOf(entry)));
    },
  };
}

/** An object of the kind with nothing but the resourceVersion that the watch has reached. */
function bookmark({ group, version, kind }: ResourceDefinition, event: WatchEvent): Json {
  return {
    kind,
    apiVersion: toApiVersion(group, version),
    metadata: {
      resourceVersion: String(event.revision),
      ...(event.initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  };
}

function eventLine(type: string, object: unknown): Buffer {
  return Buffer.from(`${stringifyExact({ type, object })}\n`);
}

function projectingEncoder(options: WatchEncoderOptions): WatchEncoder {
  let headers = true;
  return {
    ...jsonEncoding,
    encode(event) {
      if (event.type === 'BOOKMARK' || !event.entry) return eventLine('BOOKMARK', bookmarkFor(options, event));
      const line = eventLine(event.type, projectEntry(options, event.entry, headers));
      headers = false;
      return line;
    },
  };
}

function projectEntry(options: WatchEncoderOptions, entry: Entry, headers: boolean): Json {
  const { definition, format, includeObject } = options;
  if (format.projection === 'metadata') return metadataOf(entry.object, format.metaVersion);
  const listMeta = { resourceVersion: String(entry.revision) };
  const context = { definition, metaVersion: format.metaVersion, includeObject, now: options.now() };
  return tableOf([entry.object], listMeta, context, { headers });
}

function bookmarkFor({ definition, format }: WatchEncoderOptions, event: WatchEvent): Json {
  const plain = bookmark(definition, event);
  if (format.projection === 'object') return plain;
  const apiVersion = `meta.k8s.io/${format.metaVersion}`;
  if (format.projection === 'metadata') return { ...plain, kind: 'PartialObjectMetadata', apiVersion };
  return { kind: 'Table', apiVersion, metadata: plain['metadata'], columnDefinitions: null, rows: [] };
}
