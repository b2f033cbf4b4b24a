/** Requests for resources: finds out who answers. */

import { badRequest } from '@kubelab/apimachinery/status-error';
import type { ConnectHandler } from '../contracts.js';
import type { Engine } from '../registry/engine.js';
import { customScaleView } from '../registry/subresources/custom-scale.js';
import { isParentPart } from '../registry/subresources/parent-parts.js';
import { type Subresources, subresourceKey } from '../registry/subresources/subresources.js';
import { refuseForeignBody } from './custom-bodies.js';
import type { Exchange } from './exchange.js';
import type { Upgrade } from './pipeline.js';
import { handleGet, handleList, handleWatch, type WatchSettings } from './read-handlers.js';
import { methodNotAllowed, pathNotFound, resolveTarget, type Target } from './resource-target.js';
import { handleAction, handleView } from './subresource-handlers.js';
import { handleCreate, handleDelete, handleDeleteCollection, handlePatch, handleUpdate } from './write-handlers.js';

export interface ResourceHandlerOptions {
  engine: Engine;
  subresources: Subresources;
  /** Subresources that take over the connection, keyed `pods/log`, `nodes/proxy`... */
  connects: ReadonlyMap<string, ConnectHandler>;
  watch: WatchSettings;
}

export type ResourceHandler = (exchange: Exchange, upgrade?: Upgrade) => Promise<void>;

export function createResourceHandler(options: ResourceHandlerOptions): ResourceHandler {
  return async (exchange, upgrade) => {
    const target = resolveTarget(exchange.info, options.engine.resources);
    const { custom, deprecation } = target.resource.definition;
    if (deprecation !== undefined) exchange.warn(deprecation);
    if (custom && target.subresource !== 'scale') refuseForeignBody(exchange);
    const key = subresourceKey(target.resource.groupResource, target.subresource);
    const connect = target.subresource === '' ? undefined : options.connects.get(key);
    if (connect) return handleConnect(connect, exchange, upgrade);
    // Upstream authorizes HEAD as a get, and then has no route for it.
    if (exchange.method === 'HEAD') throw methodNotAllowed();
    if (target.subresource !== '' && !isParentPart(target.resource, target.subresource)) {
      return handleOwnKind(options, exchange, target, key);
    }
    const action = target.resource.store ? undefined : options.subresources.actions.get(key);
    if (action) return handleAction(options.engine, exchange, target, action);
    return handleResource(options, exchange, target, upgrade);
  };
}

/** Connecting handlers run admission themselves: what is asked for is in their query. */
async function handleConnect(connect: ConnectHandler, exchange: Exchange, upgrade: Upgrade | undefined): Promise<void> {
  const { request, response } = exchange;
  if (!upgrade) return connect.handle(exchange, request, response);
  if (!connect.upgrade) throw badRequest('unable to upgrade: this subresource does not take upgrade requests');
  // From here on the socket belongs to the handler; the response object stays for errors before it answers.
  return connect.upgrade(exchange, request, upgrade.socket, upgrade.head);
}

async function handleOwnKind(
  { engine, subresources }: ResourceHandlerOptions,
  exchange: Exchange,
  target: Target,
  key: string,
): Promise<void> {
  const action = subresources.actions.get(key);
  if (action && exchange.info.verb === 'create') return handleAction(engine, exchange, target, action);
  const { custom } = target.resource.definition;
  const view =
    custom?.scale && target.subresource === 'scale' ? customScaleView(custom.scale) : subresources.views.get(key);
  if (!view) throw pathNotFound();
  return handleView(engine, exchange, target, view);
}

async function handleResource(
  { engine, watch }: ResourceHandlerOptions,
  exchange: Exchange,
  target: Target,
  upgrade: Upgrade | undefined,
): Promise<void> {
  switch (exchange.info.verb) {
    case 'get':
      return handleGet(engine, exchange, target);
    case 'list':
      return handleList(engine, exchange, target);
    case 'watch':
      return handleWatch(engine, exchange, target, watch, upgrade);
    case 'create':
      return handleCreate(engine, exchange, target);
    case 'update':
      return handleUpdate(engine, exchange, target);
    case 'patch':
      return handlePatch(engine, exchange, target);
    case 'delete':
      return handleDelete(engine, exchange, target);
    case 'deletecollection':
      return handleDeleteCollection(engine, exchange, target);
    default:
      throw methodNotAllowed();
  }
}
