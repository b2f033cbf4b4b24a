/** Passes an ordinary request on and its answer back, as it comes. */

import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Backend, connectTimeoutMs } from './backend.js';
import { responseHeaders } from './forwarded-headers.js';

export interface ForwardOptions {
  backend: Backend;
  method: string;
  /** With query. */
  path: string;
  headers: OutgoingHttpHeaders;
  /** False for requests whose body has nothing to do with the backend. */
  withBody: boolean;
  /** The StatusError for a backend that cannot be reached. */
  unreachable(error: Error): Error;
  /** Looks at the answer before anything is sent to the client; may throw what to answer instead. */
  inspect?(answer: IncomingMessage): Promise<void>;
  /** Replaces the answer's headers (name and value in turn). */
  rewriteHeaders?(headers: string[], answer: IncomingMessage): string[];
  /** Streams that the body goes through. */
  transforms?(answer: IncomingMessage): Transform[];
}

/** Resolves when the answer has been sent. A client that goes away ends the request to the backend. */
export async function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: ForwardOptions,
): Promise<void> {
  // A client that has gone already will not go again.
  if (response.destroyed) return;
  const outgoing = open(options);
  const onClose = (): void => {
    outgoing.destroy();
  };
  response.on('close', onClose);
  try {
    const answer = await exchange(request, response, outgoing, options);
    await options.inspect?.(answer);
    const headers = responseHeaders(answer);
    response.writeHead(
      answer.statusCode ?? 502,
      answer.statusMessage,
      options.rewriteHeaders?.(headers, answer) ?? headers,
    );
    response.flushHeaders();
    await pipeBody(answer, response, options);
  } finally {
    response.off('close', onClose);
  }
}

/** Not yet sent: the caller ends it. */
export function open(
  options: Pick<ForwardOptions, 'backend' | 'method' | 'path' | 'headers'> & { dedicated?: boolean },
): ClientRequest {
  const { backend, method, path, headers } = options;
  const send = backend.secure ? httpsRequest : httpRequest;
  const outgoing = send({
    host: backend.host,
    port: backend.port,
    method,
    path,
    headers,
    ...(backend.secure ? backend.tls : {}),
    agent: options.dedicated ? false : backend.agent,
  });
  limitConnecting(outgoing);
  // Errors after the answer has begun show in the answer's own stream; without a listener they would end the process.
  outgoing.on('error', () => undefined);
  return outgoing;
}

function limitConnecting(outgoing: ClientRequest): void {
  const timer = setTimeout(() => {
    outgoing.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' }));
  }, connectTimeoutMs);
  const clear = (): void => clearTimeout(timer);
  outgoing.once('close', clear);
  outgoing.once('error', clear);
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) clear();
    else socket.once('connect', clear);
  });
}

function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  outgoing: ClientRequest,
  options: ForwardOptions,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', (error) => reject(options.unreachable(error)));
    if (options.withBody && hasBody(request)) {
      if (request.headers.expect !== undefined) response.writeContinue();
      request.pipe(outgoing);
      request.once('error', (error) => outgoing.destroy(error));
    } else {
      outgoing.end();
    }
  });
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

async function pipeBody(answer: IncomingMessage, response: ServerResponse, options: ForwardOptions): Promise<void> {
  try {
    await pipeline([answer, ...(options.transforms?.(answer) ?? []), response]);
  } catch {
    // Headers are out: a cut connection is the one way left to tell either side that the body is not whole.
    answer.destroy();
    response.destroy();
  }
}
