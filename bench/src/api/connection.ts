/** One keep-alive connection that asks one thing at a time: as little work as an HTTP client can do, so that the server is what is measured. */

import { connect, type TLSSocket } from 'node:tls';
import type { Target } from './target.js';

export interface Reply {
  status: number;
  /** Of the body as it came, compressed or not. */
  bytes: number;
  /** Only when asked for. */
  body?: Buffer;
}

interface Pending {
  keepBody: boolean;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

const headerEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');

/** A request, encoded once for all times it is sent. */
export function encodeRequest(
  target: Target,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Readonly<Record<string, string>>; body?: string | Buffer } = {},
): Buffer {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const all: Record<string, string> = {
    Host: `${target.host}:${target.port}`,
    'User-Agent': 'kubelab-bench',
    ...(target.authorization === undefined ? {} : { Authorization: target.authorization }),
    ...(bytes === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(bytes.length) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return bytes === undefined ? head : Buffer.concat([head, bytes]);
}

export class Connection {
  #pending: Pending | undefined;
  #chunks: Buffer[] = [];
  #status = 0;
  /** What is left of a body with a length; -1 while the headers are read, -2 in a chunked body. */
  #left = -1;
  #bytes = 0;
  #tail = Buffer.alloc(0);

  private constructor(readonly socket: TLSSocket) {
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    const fail = (error: Error): void => {
      this.#pending?.reject(error);
      this.#pending = undefined;
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the server closed the connection')));
  }

  static open(target: Target): Promise<Connection> {
    return openSocket(target).then((socket) => new Connection(socket));
  }

  /** Rejects when the connection breaks; a status is a reply, whatever it is. */
  send(request: Buffer, { keepBody = false }: { keepBody?: boolean } = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) {
        reject(new Error('the server closed the connection'));
        return;
      }
      this.#pending = { keepBody, resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    let rest = chunk;
    if (this.#left === -1) {
      rest = this.#chunks.length === 0 ? chunk : Buffer.concat([...this.#chunks, chunk]);
      const end = rest.indexOf(headerEnd);
      this.#chunks = [];
      if (end < 0) {
        this.#chunks.push(rest);
        return;
      }
      this.#readHead(rest.toString('latin1', 0, end));
      rest = rest.subarray(end + headerEnd.length);
    }
    this.#bytes += rest.length;
    if (this.#pending?.keepBody) this.#chunks.push(rest);
    if (this.#left >= 0) this.#left -= rest.length;
    if (this.#left === 0 || (this.#left === -2 && this.#isLast(rest))) this.#finish();
  }

  #readHead(head: string): void {
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#left = length === undefined ? -2 : Number(length);
    this.#bytes = 0;
    this.#tail = Buffer.alloc(0);
  }

  #isLast(chunk: Buffer): boolean {
    const end = chunk.length >= lastChunk.length ? chunk : Buffer.concat([this.#tail, chunk]);
    this.#tail = Buffer.from(end.subarray(-lastChunk.length));
    return this.#tail.equals(lastChunk);
  }

  #finish(): void {
    const pending = this.#pending;
    const body = pending?.keepBody ? { body: Buffer.concat(this.#chunks) } : {};
    this.#pending = undefined;
    this.#chunks = [];
    this.#left = -1;
    pending?.resolve({ status: this.#status, bytes: this.#bytes, ...body });
  }
}

/** Rejects when there is no server, none that is trusted, or none that answers within {@link Target.connectTimeoutMs}. */
export function openSocket(target: Target): Promise<TLSSocket> {
  const { host, port, connectTimeoutMs } = target;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      secureContext: target.secureContext,
      ...(target.serverName === undefined ? {} : { servername: target.serverName }),
      rejectUnauthorized: target.verify,
      ALPNProtocols: ['http/1.1'],
    });
    socket.setNoDelay(true);
    const fail = (why: string): void => {
      clearTimeout(late);
      socket.destroy();
      reject(new Error(`no connection to ${host}:${port}: ${why}`));
    };
    const late = setTimeout(() => fail(`no answer within ${connectTimeoutMs / 1000} s`), connectTimeoutMs);
    const onError = (error: Error): void => fail(error.message);
    socket.once('error', onError);
    socket.once('secureConnect', () => {
      clearTimeout(late);
      socket.off('error', onError);
      resolve(socket);
    });
  });
}
