/** Watch events as lines of JSON. Those in the stored form are encoded once for all watchers. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import { toApiVersion } from '@kubelab/apimachinery/meta';
import type { Status } from '@kubelab/apimachinery/status-error';
import type { Entry, WatchEvent } from '../storage/store.js';
import type { OutputFormat } from './media-types.js';
import { type IncludeObject, metadataOf, tableOf } from './projections.js';

export interface WatchEncoderOptions {
  definition: ResourceDefinition;
  format: OutputFormat;
  includeObject: IncludeObject;
  now(): Date;
}

export interface WatchEncoder {
  encode(events: readonly WatchEvent[]): Buffer;
}

const prefixes = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const suffix = Buffer.from('}\n');

export function createWatchEncoder(options: WatchEncoderOptions): WatchEncoder {
  return options.format.projection === 'object' ? storedFormEncoder(options.definition) : projectingEncoder(options);
}

/** The line of an event that several watchers get; forgotten with the event. */
const lines = new WeakMap<WatchEvent, Buffer>();

function storedFormEncoder(definition: ResourceDefinition): WatchEncoder {
  return {
    encode(events) {
      const [event] = events;
      if (event === undefined || events.length > 1 || !event.entry) {
        return Buffer.concat(events.flatMap((each) => storedFormPieces(definition, each)));
      }
      let line = lines.get(event);
      if (!line) {
        line = Buffer.concat(storedFormPieces(definition, event));
        lines.set(event, line);
      }
      return line;
    },
  };
}

function storedFormPieces(definition: ResourceDefinition, event: WatchEvent): Buffer[] {
  if (event.type === 'BOOKMARK' || !event.entry) return [eventLine('BOOKMARK', bookmark(definition, event))];
  return [prefixes[event.type], event.entry.bytes, suffix];
}

/** An object of the kind with nothing but the resourceVersion that the watch has reached. */
function bookmark({ group, version, kind }: ResourceDefinition, event: WatchEvent): Record<string, unknown> {
  return {
    kind,
    apiVersion: toApiVersion(group, version),
    metadata: {
      resourceVersion: String(event.revision),
      creationTimestamp: null,
      ...(event.initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  };
}

export function eventLine(type: string, object: unknown): Buffer {
  return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}

export function errorLine(status: Status): Buffer {
  return eventLine('ERROR', status);
}

function projectingEncoder(options: WatchEncoderOptions): WatchEncoder {
  let headers = true;
  const project = (event: WatchEvent): Buffer => {
    if (event.type === 'BOOKMARK' || !event.entry) return eventLine('BOOKMARK', projectBookmark(options, event));
    const line = eventLine(event.type, projectEntry(options, event.entry, headers));
    headers = false;
    return line;
  };
  return { encode: (events) => Buffer.concat(events.map(project)) };
}

function projectEntry(options: WatchEncoderOptions, entry: Entry, headers: boolean): Record<string, unknown> {
  const { definition, format, includeObject } = options;
  if (format.projection === 'metadata') return metadataOf(entry.object, format.metaVersion);
  const listMeta = { resourceVersion: String(entry.revision) };
  const context = { definition, metaVersion: format.metaVersion, includeObject, now: options.now() };
  return tableOf([entry.object], listMeta, context, { headers });
}

function projectBookmark({ definition, format }: WatchEncoderOptions, event: WatchEvent): Record<string, unknown> {
  const plain = bookmark(definition, event);
  const apiVersion = `meta.k8s.io/${format.metaVersion}`;
  if (format.projection === 'metadata') return { ...plain, kind: 'PartialObjectMetadata', apiVersion };
  return { kind: 'Table', apiVersion, metadata: plain['metadata'], columnDefinitions: null, rows: [] };
}
