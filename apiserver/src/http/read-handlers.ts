/** get, list and watch: the hot paths. */

import { notFound } from '@kubelab/apimachinery/status-error';
import { storeOf } from '../registry/create.js';
import type { Engine } from '../registry/engine.js';
import { type Resource, storageKey } from '../registry/resources.js';
import { parseSelection, type Selection } from '../registry/selection.js';
import type { WatchOptions } from '../storage/store.js';
import type { Exchange } from './exchange.js';
import { type CollectionOptions, parseCollectionOptions } from './list-options.js';
import { sendList } from './list-response.js';
import { type NegotiateOptions, negotiateOutput } from './media-types.js';
import { parseIncludeObject, sendEntry } from './object-response.js';
import type { Upgrade } from './pipeline.js';
import { hasProtobufForm } from './protobuf/encode.js';
import type { Target } from './resource-target.js';
import { createWatchEncoder, type WatchEncoder } from './watch-events.js';
import { serveWatch } from './watch-response.js';
import { HttpTransport, type WatchTransport, WebSocketTransport } from './watch-transport.js';

/** What this resource's objects can be written as. */
export function outputOptions({ definition }: Resource): NegotiateOptions {
  return { projections: true, protobuf: hasProtobufForm(definition) };
}

const now = (engine: Engine): Date => new Date(engine.clock.now());

export async function handleGet(engine: Engine, exchange: Exchange, target: Target): Promise<void> {
  const { resource, namespace, name } = target;
  const format = negotiateOutput(exchange.request.headers.accept, outputOptions(resource));
  const resourceVersion = exchange.query.get('resourceVersion') ?? '';
  const options = resourceVersion === '' ? {} : { resourceVersion };
  const entry = await storeOf(resource, 'get').get(storageKey(namespace, name), options);
  if (!entry) throw notFound(resource.groupResource, name);
  await sendEntry(exchange, { code: 200, definition: resource.definition, entry, format, now: now(engine) });
}

/** The namespace that a collection request is confined to, by its path or its field selector. */
function confinement(target: Target, selection: Selection): { namespace?: string } {
  const namespace = target.namespace ?? selection.namespace;
  return namespace === undefined ? {} : { namespace };
}

export async function handleList(engine: Engine, exchange: Exchange, target: Target): Promise<void> {
  const { definition } = target.resource;
  const { query, request } = exchange;
  const format = negotiateOutput(request.headers.accept, outputOptions(target.resource));
  const options = parseCollectionOptions(query, { watch: false });
  const selection = parseSelection(definition, query.get('labelSelector'), query.get('fieldSelector'));
  const page = await storeOf(target.resource, 'list').list({
    ...confinement(target, selection),
    ...(selection.predicate ? { predicate: selection.predicate } : {}),
    ...versionOptions(options),
    ...(options.limit > 0 ? { limit: options.limit } : {}),
    ...(options.continue === undefined ? {} : { continue: options.continue }),
    ...(options.resourceVersionMatch === undefined ? {} : { resourceVersionMatch: options.resourceVersionMatch }),
  });
  await sendList(exchange, { definition, page, format, now: now(engine) });
}

function versionOptions(options: CollectionOptions): { resourceVersion?: string } {
  return options.resourceVersion === undefined ? {} : { resourceVersion: options.resourceVersion };
}

export interface WatchSettings {
  minRequestTimeoutMs: number;
  /** Time that a client gets to read what it was sent, when its watch is over. */
  drainMs: number;
  stopping: AbortSignal;
}

export async function handleWatch(
  engine: Engine,
  exchange: Exchange,
  target: Target,
  settings: WatchSettings,
  upgrade?: Upgrade,
): Promise<void> {
  const { definition } = target.resource;
  const { query, request } = exchange;
  const format = negotiateOutput(request.headers.accept, { ...outputOptions(target.resource), watch: true });
  const options = parseCollectionOptions(query, { watch: true });
  const encoder = createWatchEncoder({
    definition,
    format,
    includeObject: parseIncludeObject(query),
    now: () => now(engine),
  });
  await serveWatch({
    store: storeOf(target.resource, 'watch'),
    options: watchOptions(exchange, target, options),
    encoder,
    transport: transportFor(exchange, encoder, upgrade),
    timeoutMs: watchTimeout(options.timeoutSeconds, settings.minRequestTimeoutMs),
    drainMs: settings.drainMs,
    clock: engine.clock,
    stopping: settings.stopping,
  });
}

function transportFor(exchange: Exchange, encoder: WatchEncoder, upgrade: Upgrade | undefined): WatchTransport {
  const isWebSocket = exchange.request.headers.upgrade?.toLowerCase() === 'websocket';
  if (upgrade && isWebSocket) return new WebSocketTransport(exchange, upgrade);
  return new HttpTransport(exchange, encoder.contentType);
}

function watchOptions(exchange: Exchange, target: Target, options: CollectionOptions): WatchOptions {
  const { query } = exchange;
  const { definition } = target.resource;
  // The deprecated /watch/ paths name one object without a selector.
  const fieldSelector = query.get('fieldSelector') ?? (target.name === '' ? null : `metadata.name=${target.name}`);
  const selection = parseSelection(definition, query.get('labelSelector'), fieldSelector);
  const confined = confinement(target, selection);
  const single = selection.name !== undefined && (!definition.namespaced || confined.namespace !== undefined);
  return {
    ...confined,
    ...(single && selection.name !== undefined ? { name: selection.name } : {}),
    ...(selection.predicate ? { predicate: selection.predicate } : {}),
    ...versionOptions(options),
    allowBookmarks: options.allowWatchBookmarks,
    ...(options.sendInitialEvents === undefined ? {} : { sendInitialEvents: options.sendInitialEvents }),
  };
}

/** Without a wish of the client, watches end at different times, so that they do not all come back at once. */
function watchTimeout(timeoutSeconds: number | undefined, minimumMs: number): number {
  return timeoutSeconds ? timeoutSeconds * 1000 : minimumMs * (1 + Math.random());
}
