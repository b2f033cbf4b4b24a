/** A TLS connection that says exactly what a test wants, and nothing else. */

import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

export interface RawConnection {
  readonly socket: TLSSocket;
  /** Everything that came so far. */
  received(): string;
  send(text: string | Buffer): void;
  /** Resolves with everything received when it holds `pattern`; rejects when the connection ends without it. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with everything received when the server has ended the connection, cleanly or not. */
  ended: Promise<string>;
  close(): void;
}

export function openRawConnection(options: ConnectionOptions & { port: number }): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', ...options });
    socket.once('error', reject);
    socket.once('secureConnect', () => resolve(rawConnection(socket)));
  });
}

function rawConnection(socket: TLSSocket): RawConnection {
  const chunks: Buffer[] = [];
  const received = (): string => Buffer.concat(chunks).toString('latin1');
  let check: () => void = () => undefined;
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    check();
  });
  // A connection that is cut shows as its end, too.
  socket.on('error', () => undefined);
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
          const text = received();
          if (pattern.test(text)) resolve(text);
          else if (over) reject(new Error(`the connection ended without ${String(pattern)}: ${text.slice(0, 500)}`));
        };
        check();
      }),
    close: () => socket.destroy(),
  };
}
