/** Headers of requests and answers that are passed on. Pure. */

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that `Connection:` names are for this hop too. */
function namedByConnection(message: IncomingMessage): Set<string> {
  const names = (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set(names);
}

/**
 * Credentials that were used to authenticate have been taken out of `request.headers` by then, and are not looked for in the raw headers.
 * With `upgrade` the Connection and Upgrade headers stay.
 */
export function requestHeaders(request: IncomingMessage, { upgrade }: { upgrade: boolean }): OutgoingHttpHeaders {
  const named = namedByConnection(request);
  const headers: OutgoingHttpHeaders = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (name === 'host' || hopByHop.has(name) || named.has(name)) continue;
    if (values === undefined || request.headers[name] === undefined) continue;
    headers[name] = values.length === 1 ? values[0] : values;
  }
  if (upgrade) {
    headers['connection'] = 'Upgrade';
    headers['upgrade'] = request.headers.upgrade;
    // A body in chunks would end in the middle of the upgraded stream.
    if (request.method !== 'GET' && headers['content-length'] === undefined) headers['content-length'] = '0';
  }
  return headers;
}

/** The peer joins those that other proxies have named. */
export function addForwardedFor(headers: OutgoingHttpHeaders, request: IncomingMessage): void {
  const known = [headers['x-forwarded-for'] ?? []].flat().map(String);
  const peer = request.socket.remoteAddress;
  if (peer) headers['x-forwarded-for'] = [...known, peer.replace(/^::ffff:/, '')].join(', ');
}

/** Answer headers as name and value in turn, as they came. */
export function responseHeaders(response: IncomingMessage): string[] {
  const named = namedByConnection(response);
  const raw: string[] = [];
  for (let index = 0; index + 1 < response.rawHeaders.length; index += 2) {
    const [name = '', value = ''] = [response.rawHeaders[index], response.rawHeaders[index + 1]];
    const lower = name.toLowerCase();
    if (!hopByHop.has(lower) && !named.has(lower)) raw.push(name, value);
  }
  return raw;
}
