/** nodes/proxy, pods/proxy and services/proxy: any request to a server inside the cluster. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { serviceUnavailable } from '@kubelab/apimachinery/status-error';
import type { ConnectHandler, RequestContext } from '../contracts.js';
import { type Backend, describeFailure } from './backend.js';
import { admitConnect, type ConnectRoom } from './connect-room.js';
import { forwardRequest } from './forward-request.js';
import { forwardUpgrade } from './forward-upgrade.js';
import { addForwardedHeaders, requestHeaders } from './forwarded-headers.js';
import { HtmlRewriter } from './html-rewriter.js';
import { type RewriteContext, rewriteUrl } from './link-rewriting.js';
import { type ProxyPath, parseProxyPath } from './proxy-path.js';

export interface ProxyOptions {
  room: ConnectRoom;
  plural: 'pods' | 'services' | 'nodes';
  /** Upstream's kind of the connection's options: PodProxyOptions. */
  optionsKind: string;
  locate(context: RequestContext): Promise<Backend>;
}

export function createProxyHandler(options: ProxyOptions): ConnectHandler {
  const prepare = async (context: RequestContext, target: ProxyPath): Promise<Backend> => {
    const backend = await options.locate(context);
    await admitConnect(options.room, context, options.plural, {
      kind: options.optionsKind,
      apiVersion: 'v1',
      path: target.path,
    });
    return backend;
  };
  return {
    async handle(context, request, response) {
      const target = proxyPathOf(context, request);
      const backend = await prepare(context, target);
      if (redirectToRoot(request, response, target)) return;
      await pass(request, response, backend, target);
    },
    async upgrade(context, request, socket, head) {
      const target = proxyPathOf(context, request);
      const backend = await prepare(context, target);
      const headers = requestHeaders(request, { upgrade: true });
      headers['host'] = hostOf(backend);
      addForwardedHeaders(headers, request, target.prefix + target.path);
      const path = `${target.path || '/'}${target.search}`;
      await forwardUpgrade(request, socket, head, { backend, path, headers, unreachable: unreachable(backend) });
    },
  };
}

function proxyPathOf(context: RequestContext, request: IncomingMessage): ProxyPath {
  const parsed = parseProxyPath(request.url ?? '');
  if (parsed) return parsed;
  return { prefix: context.info.path, path: context.info.rest === '' ? '' : `/${context.info.rest}`, search: '' };
}

/** Relative links of a page work only below a path that ends in a slash. */
function redirectToRoot(request: IncomingMessage, response: ServerResponse, target: ProxyPath): boolean {
  if (target.path !== '' || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
  response.writeHead(301, { Location: `${target.prefix}/${target.search}` }).end();
  return true;
}

function hostOf(backend: Backend): string {
  const host = backend.host.includes(':') ? `[${backend.host}]` : backend.host;
  return `${host}:${backend.port}`;
}

/** 503 `error trying to reach service: dial tcp ...`. */
function unreachable(backend: Backend): (error: Error) => Error {
  return (error) => serviceUnavailable(`error trying to reach service: ${describeFailure(error, backend)}`, error);
}

async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  backend: Backend,
  target: ProxyPath,
): Promise<void> {
  const headers = requestHeaders(request, { upgrade: false });
  headers['host'] = hostOf(backend);
  addForwardedHeaders(headers, request, target.prefix + target.path);
  const context: RewriteContext = {
    prefix: target.prefix,
    backendHost: hostOf(backend),
    requestHost: request.headers.host ?? '',
  };
  await forwardRequest(request, response, {
    backend,
    method: request.method ?? 'GET',
    path: `${target.path || '/'}${target.search}`,
    headers,
    withBody: true,
    unreachable: unreachable(backend),
    rewriteHeaders: (raw, answer) => rewriteHeaders(raw, answer, context),
    transforms: (answer) => transformsFor(answer, context),
  });
}

/** Gzip can be opened and closed again; other encodings are left as they are. */
function isRewritten(answer: IncomingMessage): boolean {
  const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const encoding = answer.headers['content-encoding'] ?? '';
  return type === 'text/html' && (encoding === '' || encoding === 'gzip');
}

function rewriteHeaders(raw: string[], answer: IncomingMessage, context: RewriteContext): string[] {
  const dropLength = isRewritten(answer);
  const headers: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = '', value = ''] = [raw[index], raw[index + 1]];
    const lower = name.toLowerCase();
    if (lower === 'content-length' && dropLength) continue;
    headers.push(name, lower === 'location' ? rewriteUrl(value, context) : value);
  }
  return headers;
}

function transformsFor(answer: IncomingMessage, context: RewriteContext): Transform[] {
  if (!isRewritten(answer)) return [];
  const rewriter = new HtmlRewriter(context);
  return answer.headers['content-encoding'] === 'gzip' ? [createGunzip(), rewriter, createGzip()] : [rewriter];
}
