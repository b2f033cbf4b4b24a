/**
 * gRPC calls to one member of an etcd cluster over one HTTP/2 connection, which is made when it is needed and checked while it is idle.
 * Failures are Errors with gRPC's code and name in front (`14 UNAVAILABLE: ...`), as etcd-errors.ts reads them.
 */

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { MessageFrames } from './message-frames.js';

export interface ChannelOptions {
  /** `http://host:port` or `https://host:port`. */
  endpoint: string;
  /** PEM. */
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

/** etcd refuses pings that come more often than every five seconds. */
const pingEveryMs = 10_000;
const pingTimeoutMs = 5_000;
const connectTimeoutMs = 5_000;
/** What may be under way to us, in one answer and in all: ranges and watches are megabytes. */
const windowBytes = 16 * 1024 * 1024;
/** Megabytes that Node lets a session hold; its default of 10 is less than one page of large objects. */
const maxSessionMemory = 1_000;

type Headers = IncomingHttpHeaders & IncomingHttpStatusHeader;

export interface StreamListener {
  onMessage(message: Buffer): void;
  /** Called once, also when the stream never came up; not after cancel. */
  onEnd(error: Error): void;
}

export class EtcdChannel {
  readonly #options: ChannelOptions;
  readonly #secure: boolean;
  #session: ClientHttp2Session | undefined;
  #connecting: Promise<ClientHttp2Session> | undefined;
  #closed = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#secure = options.endpoint.startsWith('https:');
  }

  /** `request` with its prefix, the answer without. Rejects with code 4 after `timeoutMs`. */
  async call(path: string, request: Buffer, timeoutMs: number): Promise<Buffer> {
    const session = this.#usable ?? (await this.#open(timeoutMs));
    return callOn(session, path, request, timeoutMs);
  }

  /** A stream that sends `request` and stays open. */
  async stream(
    path: string,
    request: Buffer,
    headers: Record<string, string>,
    listener: StreamListener,
  ): Promise<{ cancel(): void }> {
    const session = this.#usable ?? (await this.#open(connectTimeoutMs));
    const stream = session.request(headersOf(path, headers));
    let over = false;
    const end = (error: Error): void => {
      if (over) return;
      over = true;
      stream.close(constants.NGHTTP2_CANCEL);
      listener.onEnd(error);
    };
    const frames = new MessageFrames((message) => {
      if (!over) listener.onMessage(message);
    });
    stream.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk);
      } catch (error) {
        end(error as Error);
      }
    });
    onFailure(stream, end);
    stream.write(request);
    return {
      cancel: () => {
        over = true;
        stream.close(constants.NGHTTP2_CANCEL);
      },
    };
  }

  close(): void {
    this.#closed = true;
    this.#session?.destroy();
    this.#session = undefined;
  }

  get #usable(): ClientHttp2Session | undefined {
    const session = this.#session;
    return session && !session.closed && !session.destroyed ? session : undefined;
  }

  #open(timeoutMs: number): Promise<ClientHttp2Session> {
    if (this.#closed) return Promise.reject(new Error('14 UNAVAILABLE: Channel has been shut down'));
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return before(this.#connecting, timeoutMs);
  }

  #connect(): Promise<ClientHttp2Session> {
    const { endpoint, ca, cert, key } = this.#options;
    return new Promise((resolve, reject) => {
      const session = connect(endpoint, {
        ...(this.#secure ? { ca, cert, key } : {}),
        settings: { enablePush: false, initialWindowSize: windowBytes },
        maxSessionMemory,
      });
      const refuse = (why: string): void => {
        session.destroy();
        reject(new Error(`14 UNAVAILABLE: No connection established. Last error: ${why} (${endpoint})`));
      };
      const timer = setTimeout(() => refuse('timed out'), connectTimeoutMs);
      session.on('error', (error) => refuse(error.message));
      session.on('close', () => {
        clearTimeout(timer);
        if (this.#session === session) this.#session = undefined;
        refuse('closed');
      });
      // The member is going: what is under way may end, what comes next needs another connection.
      session.on('goaway', () => {
        if (this.#session === session) this.#session = undefined;
      });
      session.on('connect', () => {
        clearTimeout(timer);
        session.setLocalWindowSize(windowBytes);
        session.unref();
        if (this.#closed) {
          refuse('closed');
          return;
        }
        this.#session = session;
        keepAlive(session);
        resolve(session);
      });
    });
  }
}

/** Ends a connection on which nothing comes back. */
function keepAlive(session: ClientHttp2Session): void {
  let answered = true;
  let late: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    // A session may be destroyed a moment before it says that it is closed, and pinging it then throws.
    if (!answered || session.destroyed) return;
    answered = false;
    late = setTimeout(() => session.destroy(new Error('the connection does not answer')), pingTimeoutMs);
    session.ping(() => {
      answered = true;
      clearTimeout(late);
    });
  }, pingEveryMs);
  timer.unref();
  session.on('close', () => {
    clearInterval(timer);
    clearTimeout(late);
  });
}

function before<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = new Error('14 UNAVAILABLE: No connection established. Last error: there was no time to make one');
    const timer = setTimeout(() => reject(late), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function headersOf(path: string, more: Record<string, string>): Record<string, string> {
  return { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...more };
}

function callOn(session: ClientHttp2Session, path: string, request: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const milliseconds = Math.max(1, Math.ceil(timeoutMs));
    const stream = session.request(headersOf(path, { 'grpc-timeout': `${milliseconds}m` }));
    let answer: Buffer | undefined;
    const frames = new MessageFrames((message) => {
      answer = message;
    });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => {
      fail(new Error('4 DEADLINE_EXCEEDED: Deadline exceeded'));
      stream.close(constants.NGHTTP2_CANCEL);
    }, milliseconds);
    stream.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk);
      } catch (error) {
        fail(error as Error);
      }
    });
    const finish = (): void => {
      clearTimeout(timer);
      if (answer) resolve(answer);
      else reject(new Error('13 INTERNAL: the answer is empty'));
    };
    // The message comes before the trailers, unless it waits in the stream's buffer.
    onFailure(stream, fail, () => (answer ? finish() : void stream.once('end', finish)));
    stream.end(request);
  });
}

const names: Readonly<Record<number, string>> = {
  1: 'CANCELLED',
  4: 'DEADLINE_EXCEEDED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
};

/** The failure that the headers or trailers tell of; undefined when they tell of none. */
function failureIn(headers: Headers): Error | undefined {
  const code = Number(headers['grpc-status'] ?? 0);
  if (code === 0) return undefined;
  const text = decodeURIComponent(String(headers['grpc-message'] ?? '').replace(/%(?![0-9A-Fa-f]{2})/g, '%25'));
  return new Error(`${code} ${names[code] ?? 'ERROR'}: ${text}`);
}

/** Calls `fail` when the call ends in any other way than with a status of 0; that calls `done`, or is a failure as well without it. */
function onFailure(stream: ClientHttp2Stream, fail: (error: Error) => void, done?: () => void): void {
  let settled = false;
  const settle = (error: Error | undefined): void => {
    if (settled) return;
    settled = true;
    if (error) fail(error);
    else if (done) done();
    else fail(new Error('14 UNAVAILABLE: the stream was closed'));
  };
  stream.on('response', (headers) => {
    const status = headers[':status'] ?? 0;
    if (status !== 200) settle(new Error(`14 UNAVAILABLE: Received HTTP status code ${status}`));
    else if (headers['grpc-status'] !== undefined) settle(failureIn(headers));
  });
  stream.on('trailers', (headers) => settle(failureIn(headers)));
  stream.on('error', (error) => settle(brokenError(stream, error.message)));
  stream.on('close', () => {
    // Every stream closes; an error costs more than the rest of this function.
    if (!settled) settle(brokenError(stream, 'the connection was closed'));
  });
}

function brokenError(stream: ClientHttp2Stream, why: string): Error {
  // Such a stream was not looked at, so that even a write may be sent again.
  if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) {
    return new Error('14 UNAVAILABLE: Channel closed before call started');
  }
  return new Error(`14 UNAVAILABLE: ${why}`);
}
