/** A TLS connection that says exactly what a test wants, and nothing else. */

import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

export interface RawConnection {
  readonly socket: TLSSocket;
  /** Everything that came so far. */
  received(): string;
  send(text: string | Buffer): void;
  /** Resolves with everything received when its last part holds `pattern`; rejects when the connection ends without it. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with everything received when the server has ended the connection, cleanly or not. */
  ended: Promise<string>;
  close(): void;
  /** Without a goodbye, and so that the server's next words fail. */
  reset(): void;
}

/** What patterns are looked for in: enough for headers and for the end of a stream, however much came before. */
const tailLength = 64 * 1024;
const settleMs = 200;

export function openRawConnection(options: ConnectionOptions & { port: number }): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const tcp = connectTcp({ host: '127.0.0.1', port: options.port });
    tcp.once('error', reject);
    // Through a stream of its own: a handle that TLS has taken over cannot be reset.
    const socket = connect({ ...options, socket: Duplex.from({ readable: tcp, writable: tcp }) });
    socket.once('error', reject);
    socket.once('secureConnect', () => resolve(rawConnection(socket, tcp)));
  });
}

function rawConnection(socket: TLSSocket, tcp: Socket): RawConnection {
  const chunks: Buffer[] = [];
  let tail = '';
  let check: () => void = () => undefined;
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    tail = (tail + chunk.toString('latin1')).slice(-tailLength);
    check();
  });
  const received = (): string => Buffer.concat(chunks).toString('latin1');
  // A connection that is cut shows as its end, too.
  socket.on('error', () => undefined);
  tcp.on('error', () => undefined);
  // TLS over a stream does not always hear of a reset; what has come by then may still be read.
  tcp.on('close', () => setTimeout(() => socket.destroy(), settleMs));
  const ended = new Promise<string>((resolve) => {
    socket.on('close', () => {
      over = true;
      check();
      resolve(received());
    });
  });
  return {
    socket,
    received,
    ended,
    send: (text) => void socket.write(text),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        check = () => {
          const found = pattern.test(tail);
          if (!found && !over) return;
          check = () => undefined;
          if (found) resolve(received());
          else reject(new Error(`the connection ended without ${String(pattern)}: ${tail.slice(0, 500)}`));
        };
        check();
      }),
    close: () => socket.destroy(),
    reset: () => void tcp.resetAndDestroy(),
  };
}
