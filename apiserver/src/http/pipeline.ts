/** What every request goes through: parse, authenticate, impersonate, authorize, dispatch; and every error on its way out. */

import { randomUUID } from 'node:crypto';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  internalError,
  StatusError,
  serviceUnavailable,
  timeout,
  unauthorized,
} from '@kubelab/apimachinery/status-error';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { impersonate } from '../authentication/impersonation.js';
import { forbiddenByAuthorization } from '../authorization/forbidden.js';
import type { Authenticator, AuthorizationAttributes, Authorizer, UserInfo } from '../contracts.js';
import { Deadlines, requestTimeout } from './deadlines.js';
import { Exchange } from './exchange.js';
import {
  type InFlightLimits,
  InFlightRequests,
  requestKind,
  retryAfterSeconds,
  tooManyRequestsText,
} from './in-flight.js';
import { negotiateError } from './media-types.js';
import { isLongRunning, type RequestMetrics } from './metrics.js';
import { parseRequestInfo } from './request-info.js';
import { errorHeaders, sendBytes, sendStatus } from './respond.js';

export interface Upgrade {
  socket: Duplex;
  head: Buffer;
  /** Bytes that earlier answers on this connection took: more of them mean that the protocol has been switched. */
  writtenBefore: number;
}

const maxAuditIdLength = 64;

function bytesWritten(socket: Duplex): number {
  return (socket as Socket).bytesWritten ?? 0;
}

export interface PipelineOptions {
  authenticator: Authenticator;
  authorizer: Authorizer;
  /** Answers an authorized request. Throws StatusErrors for what it refuses. */
  dispatch(exchange: Exchange, upgrade?: Upgrade): Promise<void>;
  metrics: RequestMetrics;
  inFlight: InFlightLimits;
  /** Longest time of a request that is not long-running. */
  requestTimeoutMs: number;
  /** Aborts when the server stops: connections then end with the answer they wait for. */
  stopping: AbortSignal;
  clock: Clock;
  logger: Logger;
}

export interface Pipeline {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  /** No more deadlines: for the end of the server. */
  stop(): void;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const line = new RequestLine(options);
  return {
    handle: (request, response) => line.process(request, response),
    async upgrade(request, socket, head) {
      // Answers to refused upgrades are ordinary responses on the same socket.
      const response = new ServerResponse(request);
      response.assignSocket(socket as never);
      response.shouldKeepAlive = false;
      response.on('finish', () => socket.end());
      await line.process(request, response, { socket, head, writtenBefore: bytesWritten(socket) });
    },
    stop: () => line.stop(),
  };
}

class RequestLine {
  readonly #inFlight: InFlightRequests;
  readonly #deadlines: Deadlines;

  constructor(private readonly options: PipelineOptions) {
    this.#inFlight = new InFlightRequests(options.inFlight);
    this.#deadlines = new Deadlines(options.clock, options.requestTimeoutMs);
  }

  stop(): void {
    this.#deadlines.stop();
  }

  async process(request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): Promise<void> {
    const { metrics, stopping, logger } = this.options;
    response.setHeader('Audit-Id', auditId(request));
    if (stopping.aborted) response.setHeader('Connection', 'close');
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    let exchange = new Exchange(request, response, parseLater(request, path), query);
    let finished: (() => void) | undefined;
    try {
      exchange = new Exchange(request, response, parseRequestInfo(request.method ?? 'GET', path, query), query);
      finished = metrics.started(exchange);
      await this.#serve(exchange, upgrade);
    } catch (error) {
      if (exchange.expired) logger.debug('Gave up after the deadline', { path, error });
      else await answerError(logger, exchange, error, upgrade);
    } finally {
      finished?.();
    }
  }

  async #serve(exchange: Exchange, upgrade: Upgrade | undefined): Promise<void> {
    const long = isLongRunning(exchange);
    if (!long) this.#startDeadline(exchange);
    exchange.user = await authenticate(this.options, exchange);
    if (long) return this.#dispatch(exchange, upgrade);
    const kind = requestKind(exchange.info.verb);
    if (!this.#inFlight.enter(kind, exchange.user)) return this.#refuse(exchange);
    try {
      await this.#dispatch(exchange, upgrade);
    } finally {
      this.#inFlight.leave(kind);
    }
  }

  async #dispatch(exchange: Exchange, upgrade: Upgrade | undefined): Promise<void> {
    await authorize(this.options.authorizer, exchange);
    await this.options.dispatch(exchange, upgrade);
  }

  /** The deadline counts until the client has its answer, so that one who does not read is cut off, too. */
  #startDeadline(exchange: Exchange): void {
    const timeoutMs = requestTimeout(exchange.query, this.options.requestTimeoutMs);
    const deadline = this.#deadlines.start(timeoutMs, () => {
      this.#expire(exchange).catch((error: unknown) => this.options.logger.error('Answering failed', { error }));
    });
    exchange.response.once('close', deadline.clear);
  }

  async #expire(exchange: Exchange): Promise<void> {
    const { response, request } = exchange;
    exchange.expired = true;
    this.options.metrics.terminated(exchange, 504);
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    response.setHeader('Connection', 'close');
    const error = timeout('Timeout: request did not complete within the allotted timeout');
    await sendStatus(exchange, error.toStatus(), negotiateError(request.headers.accept));
  }

  async #refuse(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    this.options.metrics.terminated(exchange, 429);
    if (!request.complete) response.setHeader('Connection', 'close');
    await sendBytes(request, response, {
      code: 429,
      contentType: 'text/plain; charset=utf-8',
      bytes: Buffer.from(`${tooManyRequestsText}\n`),
      headers: { 'Retry-After': String(retryAfterSeconds), 'X-Content-Type-Options': 'nosniff' },
    });
  }
}

/** The client's own, where it is one that can stand in a header. */
function auditId(request: IncomingMessage): string {
  const given = request.headers['audit-id'];
  return typeof given === 'string' && given !== '' && given.length <= maxAuditIdLength ? given : randomUUID();
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
  // Nobody is there any more to be told.
  if (request.destroyed && !request.complete && !response.headersSent) {
    response.destroy();
    return;
  }
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
