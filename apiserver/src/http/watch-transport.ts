/** What a watch's events go through: the body of an HTTP answer, or a WebSocket with a message for each event. */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { WatchEvent } from '../storage/store.js';
import type { Exchange } from './exchange.js';
import type { Upgrade } from './pipeline.js';
import type { WatchEncoder } from './watch-events.js';

export interface WatchTransport {
  /** Tells the client that its watch has been accepted. Does nothing the second time. */
  open(): void;
  /** False when the client reads more slowly than events come: `onDrain` is called when it has caught up. */
  send(events: readonly WatchEvent[], encoder: WatchEncoder): boolean;
  sendRaw(encoded: Buffer, encoder: WatchEncoder): void;
  /** Calls `over` when the client has everything, or has gone. */
  end(over: () => void): void;
  /** Cuts the connection. */
  destroy(): void;
  readonly gone: boolean;
  readonly congested: boolean;
  listen(listener: { onClose(): void; onDrain(): void }): void;
}

const chunkEnd = Buffer.from('\r\n');

interface Batch {
  contentType: string;
  sharing: object;
  events: readonly WatchEvent[];
  chunk: Buffer;
}

/**
 * Watchers of the same kind get the same events, those with slow clients later than others: what was last sent from an event on, ready to be
 * sent again, and forgotten with the event.
 */
const batches = new WeakMap<WatchEvent, Batch>();

/** The events as one chunk of HTTP's chunked encoding. */
function chunkOf(events: readonly WatchEvent[], encoder: WatchEncoder): Buffer {
  const { contentType, sharing } = encoder;
  const [first] = events;
  if (sharing === undefined || first === undefined) return framed(events.map(encoder.encode));
  const known = batches.get(first);
  const same =
    known?.sharing === sharing &&
    known.contentType === contentType &&
    known.events.length === events.length &&
    events.every((event, index) => known.events[index] === event);
  if (same) return known.chunk;
  const chunk = framed(events.map(encoder.encode));
  batches.set(first, { contentType, sharing, events, chunk });
  return chunk;
}

function framed(buffers: readonly Buffer[]): Buffer {
  let size = 0;
  for (const buffer of buffers) size += buffer.length;
  return Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), ...buffers, chunkEnd]);
}

export class HttpTransport implements WatchTransport {
  /** Where chunks go that are the same for many clients: past the response, which would frame each again. */
  #socket: Socket | undefined;

  constructor(
    private readonly exchange: Exchange,
    private readonly contentType: string,
  ) {}

  open(): void {
    const { response, warnings } = this.exchange;
    if (response.headersSent) return;
    response.writeHead(200, {
      'Cache-Control': 'no-cache, private',
      'Content-Type': this.contentType,
      ...(warnings.isEmpty ? {} : { Warning: warnings.headerValues() }),
    });
    response.flushHeaders();
    // Answers to HTTP/1.0 and to requests that wait behind others have no chunks or no socket of their own yet.
    if (response.chunkedEncoding && response.socket) this.#socket = response.socket;
  }

  send(events: readonly WatchEvent[], encoder: WatchEncoder): boolean {
    if (events.length === 0) return true;
    if (this.#socket) return this.#socket.write(chunkOf(events, encoder));
    return this.exchange.response.write(Buffer.concat(events.map(encoder.encode)));
  }

  sendRaw(encoded: Buffer): void {
    this.exchange.response.write(encoded);
  }

  end(over: () => void): void {
    const { response } = this.exchange;
    response.once('close', over);
    response.end();
  }

  destroy(): void {
    this.exchange.response.destroy();
  }

  get gone(): boolean {
    return this.exchange.response.destroyed;
  }

  get congested(): boolean {
    return this.exchange.response.writableNeedDrain || this.#socket?.writableNeedDrain === true;
  }

  listen(listener: { onClose(): void; onDrain(): void }): void {
    const { response } = this.exchange;
    response.on('drain', listener.onDrain);
    const { socket } = response;
    socket?.on('drain', listener.onDrain);
    response.on('close', () => {
      // The connection may serve other requests afterwards.
      socket?.off('drain', listener.onDrain);
      listener.onClose();
    });
  }
}

/** Bytes that may wait in a WebSocket before the watch pauses. */
const highWaterMark = 64 * 1024;
/** A watch takes nothing from its client. */
const maxPayload = 64 * 1024;

const server = new WebSocketServer({
  noServer: true,
  maxPayload,
  perMessageDeflate: false,
  // A client that offers protocols gets one of them: the frames are the same in all.
  handleProtocols: (protocols) => [...protocols][0] ?? false,
});

export class WebSocketTransport implements WatchTransport {
  #socket: WebSocket | undefined;
  #congested = false;
  #listener: { onClose(): void; onDrain(): void } = { onClose: () => undefined, onDrain: () => undefined };
  readonly #connection: Duplex;

  constructor(
    private readonly exchange: Exchange,
    private readonly upgrade: Upgrade,
  ) {
    this.#connection = upgrade.socket;
  }

  open(): void {
    if (this.#socket) return;
    const { request, response } = this.exchange;
    response.detachSocket(this.#connection as never);
    // A handshake that cannot be is answered by the server, which ends the connection.
    server.handleUpgrade(request, this.#connection, this.upgrade.head, (socket) => {
      this.#socket = socket;
      socket.on('close', () => this.#listener.onClose());
      socket.on('error', () => this.#connection.destroy());
      this.#connection.on('drain', () => this.#drained());
    });
  }

  send(events: readonly WatchEvent[], encoder: WatchEncoder): boolean {
    for (const event of events) this.sendRaw(encoder.encode(event), encoder);
    if (this.#connection.writableLength > highWaterMark) this.#congested = true;
    return !this.#congested;
  }

  sendRaw(encoded: Buffer, { headerBytes, isText }: WatchEncoder): void {
    this.#socket?.send(encoded.subarray(headerBytes), { binary: !isText });
  }

  end(over: () => void): void {
    this.#connection.once('close', over);
    this.#socket?.close(1000);
  }

  destroy(): void {
    this.#connection.destroy();
  }

  get gone(): boolean {
    const { destroyed, writableEnded } = this.#connection;
    return destroyed || writableEnded || (this.#socket !== undefined && this.#socket.readyState !== this.#socket.OPEN);
  }

  get congested(): boolean {
    return this.#congested;
  }

  listen(listener: { onClose(): void; onDrain(): void }): void {
    this.#listener = listener;
    this.#connection.on('close', listener.onClose);
  }

  #drained(): void {
    if (!this.#congested) return;
    this.#congested = false;
    this.#listener.onDrain();
  }
}
