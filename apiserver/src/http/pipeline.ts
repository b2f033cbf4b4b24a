/** What every request goes through: parse, authenticate, impersonate, authorize, dispatch; and every error on its way out. */

import { randomUUID } from 'node:crypto';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { internalError, StatusError, serviceUnavailable, unauthorized } from '@kubelab/apimachinery/status-error';
import type { Logger } from '@kubelab/component/logger';
import { impersonate } from '../authentication/impersonation.js';
import { forbiddenByAuthorization } from '../authorization/forbidden.js';
import type { Authenticator, AuthorizationAttributes, Authorizer, UserInfo } from '../contracts.js';
import { Exchange } from './exchange.js';
import { negotiateError } from './media-types.js';
import type { RequestMetrics } from './metrics.js';
import { parseRequestInfo } from './request-info.js';
import { errorHeaders, sendStatus } from './respond.js';

export interface Upgrade {
  socket: Duplex;
  head: Buffer;
  /** Bytes that earlier answers on this connection took: more of them mean that the protocol has been switched. */
  writtenBefore: number;
}

function bytesWritten(socket: Duplex): number {
  return (socket as Socket).bytesWritten ?? 0;
}

export interface PipelineOptions {
  authenticator: Authenticator;
  authorizer: Authorizer;
  /** Answers an authorized request. Throws StatusErrors for what it refuses. */
  dispatch(exchange: Exchange, upgrade?: Upgrade): Promise<void>;
  metrics: RequestMetrics;
  logger: Logger;
}

export interface Pipeline {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const process = async (request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): Promise<void> => {
    response.setHeader('Audit-Id', String(request.headers['audit-id'] ?? randomUUID()));
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    let exchange = new Exchange(request, response, parseLater(request, path), query);
    let finished: (() => void) | undefined;
    try {
      exchange = new Exchange(request, response, parseRequestInfo(request.method ?? 'GET', path, query), query);
      finished = options.metrics.started(exchange);
      exchange.user = await authenticate(options, exchange);
      await authorize(options.authorizer, exchange);
      await options.dispatch(exchange, upgrade);
    } catch (error) {
      await answerError(options.logger, exchange, error, upgrade);
    } finally {
      finished?.();
    }
  };
  return {
    handle: process,
    async upgrade(request, socket, head) {
      // Answers to refused upgrades are ordinary responses on the same socket.
      const response = new ServerResponse(request);
      response.assignSocket(socket as never);
      response.shouldKeepAlive = false;
      response.on('finish', () => socket.end());
      await process(request, response, { socket, head, writtenBefore: bytesWritten(socket) });
    },
  };
}

/** Stands in until the path has been understood, so that a path that cannot be is answered like any other error. */
function parseLater(request: IncomingMessage, path: string): Exchange['info'] {
  const verb = (request.method ?? 'GET').toLowerCase();
  return {
    resourceRequest: false,
    verb,
    path,
    apiGroup: '',
    apiVersion: '',
    resource: '',
    subresource: '',
    name: '',
    rest: '',
  };
}

async function authenticate(options: PipelineOptions, exchange: Exchange): Promise<UserInfo> {
  const user = await options.authenticator.authenticate(exchange.request);
  if (!user) throw unauthorized();
  return impersonate(exchange.request, user, { authorizer: options.authorizer, path: exchange.info.path });
}

async function authorize(authorizer: Authorizer, exchange: Exchange): Promise<void> {
  const attributes = attributesOf(exchange);
  const { allowed, reason } = await authorizer.authorize(attributes);
  if (!allowed) throw forbiddenByAuthorization(attributes, reason);
}

const collectionVerbs = new Set(['list', 'watch', 'deletecollection']);

function attributesOf({ info, user, query }: Exchange): AuthorizationAttributes {
  if (!info.resourceRequest) return { user, verb: info.verb, resourceRequest: false, path: info.path };
  const selector = collectionVerbs.has(info.verb) ? query.get('fieldSelector') : null;
  return {
    user,
    verb: info.verb,
    resourceRequest: true,
    ...(selector === null ? {} : { fieldSelector: selector }),
    apiGroup: info.apiGroup,
    apiVersion: info.apiVersion,
    resource: info.resource,
    subresource: info.subresource,
    ...(info.namespace === undefined ? {} : { namespace: info.namespace }),
    name: info.name,
    path: info.path,
  };
}

async function answerError(
  logger: Logger,
  exchange: Exchange,
  error: unknown,
  upgrade: Upgrade | undefined,
): Promise<void> {
  const { request, response } = exchange;
  const status = toStatusError(error);
  if (status.code >= 500 && status.reason === 'InternalError') {
    logger.error('Request failed', { method: request.method, path: exchange.info.path, error });
  }
  const switched = upgrade !== undefined && upgrade.writtenBefore !== bytesWritten(upgrade.socket);
  if (response.headersSent || response.destroyed || switched) {
    // The client already reads an answer; cutting it off is the only honest sign that it is incomplete.
    response.destroy();
    upgrade?.socket.destroy();
    return;
  }
  for (const [name, value] of Object.entries(errorHeaders(status))) response.setHeader(name, value);
  if (status.code === 413 || !request.complete) response.setHeader('Connection', 'close');
  await sendStatus(exchange, status.toStatus(), negotiateError(request.headers.accept));
}

function toStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ECONNRESET') return serviceUnavailable('the client went away', error);
  return internalError(error);
}
