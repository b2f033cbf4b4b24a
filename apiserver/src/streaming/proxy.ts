/** nodes/proxy, pods/proxy and services/proxy: any request to a server inside the cluster. */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';
import { serviceUnavailable } from '@kubelab/apimachinery/status-error';
import type { ConnectHandler, RequestContext } from '../contracts.js';
import { type Backend, describeFailure } from './backend.js';
import { admitConnect, type ConnectRoom, dialError } from './connect-room.js';
import { forwardRequest } from './forward-request.js';
import { forwardUpgrade } from './forward-upgrade.js';
import { addForwardedFor, requestHeaders } from './forwarded-headers.js';
import { HtmlRewriter } from './html-rewriter.js';
import { type RewriteContext, rewriteUrl } from './link-rewriting.js';
import { type ProxyPath, parseProxyPath, proxyPath } from './proxy-path.js';

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
      const headers = forwardedHeaders(request, { upgrade: true });
      await forwardUpgrade(request, socket, head, {
        backend,
        path: pathOf(target),
        headers,
        unreachable: dialError(backend),
      });
    },
  };
}

/** A path whose own words are escaped (`%70roxy`) leaves no prefix that links could be given. */
function proxyPathOf({ info }: RequestContext, request: IncomingMessage): ProxyPath {
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  return parseProxyPath(url) ?? proxyPath(info.path, info.rest, mark < 0 ? '' : url.slice(mark));
}

function pathOf({ escaped, search }: ProxyPath): string {
  return `${escaped || '/'}${search}`;
}

/** The server sees the host name that the client asked for, as behind any reverse proxy that is not told otherwise. */
function forwardedHeaders(request: IncomingMessage, options: { upgrade: boolean }): OutgoingHttpHeaders {
  const headers = requestHeaders(request, options);
  headers['host'] = request.headers.host ?? '';
  addForwardedFor(headers, request);
  return headers;
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
  const headers = forwardedHeaders(request, { upgrade: false });
  headers['x-forwarded-uri'] = `${target.prefix}${target.escaped}`;
  const context: RewriteContext = {
    prefix: target.prefix,
    backendHost: hostOf(backend),
    requestHost: request.headers.host ?? '',
  };
  await forwardRequest(request, response, {
    backend,
    method: request.method ?? 'GET',
    path: pathOf(target),
    headers,
    withBody: true,
    unreachable: unreachable(backend),
    rewriteHeaders: (raw, answer) => rewriteHeaders(raw, answer, context),
    transforms: (answer) => transformsFor(answer, context),
  });
}

/** Encodings that can be opened and closed again; pages in others are left as they are. */
const codecs: ReadonlyMap<string, () => { before: Transform[]; after: Transform[] }> = new Map([
  ['', () => ({ before: [], after: [] })],
  ['gzip', () => ({ before: [createGunzip()], after: [createGzip()] })],
  ['deflate', () => ({ before: [createInflateRaw()], after: [createDeflateRaw()] })],
]);

/** Whoever is redirected will not read the page. */
function isRewritten(answer: IncomingMessage): boolean {
  const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim();
  return type === 'text/html' && !answer.headers.location && codecs.has(answer.headers['content-encoding'] ?? '');
}

/** What a server inside the cluster says about other origins is not about the API server's own. */
const corsHeaders = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
]);

function rewriteHeaders(raw: string[], answer: IncomingMessage, context: RewriteContext): string[] {
  const dropLength = isRewritten(answer);
  const headers: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = '', value = ''] = [raw[index], raw[index + 1]];
    const lower = name.toLowerCase();
    if (corsHeaders.has(lower) || (lower === 'content-length' && dropLength)) continue;
    headers.push(name, lower === 'location' ? rewriteUrl(value, context) : value);
  }
  return headers;
}

function transformsFor(answer: IncomingMessage, context: RewriteContext): Transform[] {
  const codec = isRewritten(answer) ? codecs.get(answer.headers['content-encoding'] ?? '')?.() : undefined;
  return codec ? [...codec.before, new HtmlRewriter(context), ...codec.after] : [];
}
