/** Accepting a WebSocket with one of the known sub-protocols. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { negotiate, offersOf } from '../negotiate.js';
import { farewellMs } from '../remote-streams.js';

export interface UpgradeRequest {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/** The largest message taken from a client. */
const maxPayload = 16 * 1024 * 1024;

/** The library's types do not know the last one yet. */
const serverOptions: ServerOptions & { closeTimeout: number } = {
  noServer: true,
  perMessageDeflate: false,
  clientTracking: false,
  maxPayload,
  closeTimeout: farewellMs,
};

export interface AcceptedWebSocket<T extends string = string> {
  version: T;
  websocket: WebSocket;
  /** What carries the messages. */
  socket: Duplex;
}

/**
 * The version agreed upon and the open socket; undefined after a refusal. A client that offers nothing gets `fallback`, unnamed. The header is read
 * and written here because the library refuses names with a slash, which one of the sub-protocols has.
 */
export async function acceptWebSocket<T extends string>(
  { request, socket, head }: UpgradeRequest,
  versions: readonly T[],
  fallback: T,
): Promise<AcceptedWebSocket<T> | undefined> {
  const offers = offersOf(request.headers['sec-websocket-protocol']);
  const version = offers.length === 0 ? fallback : negotiate(offers, versions);
  if (version === undefined) {
    const reason = `unable to upgrade: client supports [${offers.join(' ')}], server accepts [${versions.join(' ')}]`;
    socket.end(
      `HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length}\r\nConnection: close\r\n\r\n${reason}`,
    );
    return undefined;
  }
  delete request.headers['sec-websocket-protocol'];
  const server = new WebSocketServer(serverOptions);
  if (offers.length > 0) server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${version}`));
  const websocket = await new Promise<WebSocket | undefined>((resolve) => {
    // A malformed handshake is answered by the library, which then closes the socket without calling back.
    socket.once('close', () => resolve(undefined));
    server.handleUpgrade(request, socket, head, resolve);
  });
  return websocket && { version, websocket, socket };
}
