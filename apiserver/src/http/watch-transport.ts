/** What a watch's events go through: the body of an HTTP answer, or a WebSocket with a message for each event. */

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
  end(): void;
  readonly gone: boolean;
  readonly congested: boolean;
  listen(listener: { onClose(): void; onDrain(): void }): void;
}

export class HttpTransport implements WatchTransport {
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
  }

  send(events: readonly WatchEvent[], encoder: WatchEncoder): boolean {
    const [first] = events;
    if (first === undefined) return true;
    const encoded = events.length === 1 ? encoder.encode(first) : Buffer.concat(events.map(encoder.encode));
    return this.exchange.response.write(encoded);
  }

  sendRaw(encoded: Buffer): void {
    this.exchange.response.write(encoded);
  }

  end(): void {
    this.exchange.response.end();
  }

  get gone(): boolean {
    return this.exchange.response.destroyed;
  }

  get congested(): boolean {
    return this.exchange.response.writableNeedDrain;
  }

  listen(listener: { onClose(): void; onDrain(): void }): void {
    this.exchange.response.on('close', listener.onClose);
    this.exchange.response.on('drain', listener.onDrain);
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

  end(): void {
    this.#socket?.close(1000);
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
