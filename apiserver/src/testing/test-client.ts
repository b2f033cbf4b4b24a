/** A bare HTTPS client that shows answers as they are. */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';

export interface Answer {
  code: number;
  headers: IncomingHttpHeaders;
  text: string;
  bytes: Buffer;
  /** Parsed when it is JSON, otherwise undefined. Typed loosely: tests look into all kinds of objects. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are of every kind
  body: any;
}

export interface RequestOptions {
  body?: unknown;
  headers?: Record<string, string>;
}

export interface TestClient {
  /** An object or array as `body` is sent as JSON, text and buffers as they are. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, type: 'json' | 'merge' | 'strategic' | 'apply', body: unknown): Promise<Answer>;
  delete(path: string, body?: unknown): Promise<Answer>;
  /** The events of a watch as they come; ends when the server ends it or `stop` is called. */
  watch(path: string, headers?: Record<string, string>): Promise<TestWatch>;
  close(): void;
}

export interface TestWatch {
  code: number;
  /** Resolves with the next event. */
  // biome-ignore lint/suspicious/noExplicitAny: events hold objects of every kind
  next(): Promise<any>;
  /** Resolves when the server has ended the stream. */
  ended: Promise<void>;
  stop(): void;
}

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export function createTestClient(options: {
  port: number;
  ca: string;
  cert?: string;
  key?: string;
  token?: string;
}): TestClient {
  const { token, port, ...tls } = options;
  const agent = new Agent({ ...tls, keepAlive: true });
  const open = (method: string, path: string, { body, headers = {} }: RequestOptions): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      const request = httpsRequest(
        {
          host: '127.0.0.1',
          port,
          agent,
          method,
          path,
          headers: {
            ...(raw === undefined
              ? {}
              : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(raw) }),
            ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
            ...headers,
          },
        },
        resolve,
      );
      request.on('error', reject);
      request.end(raw);
    });
  const send: TestClient['request'] = async (method, path, requestOptions = {}) => {
    const response = await open(method, path, requestOptions);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const text = bytes.toString();
    return { code: response.statusCode ?? 0, headers: response.headers, text, bytes, body: tryParse(text) };
  };
  return {
    request: send,
    get: (path, headers = {}) => send('GET', path, { headers }),
    post: (path, body, headers = {}) => send('POST', path, { body, headers }),
    put: (path, body, headers = {}) => send('PUT', path, { body, headers }),
    patch: (path, type, body) => send('PATCH', path, { body, headers: { 'Content-Type': patchTypes[type] } }),
    delete: (path, body) => send('DELETE', path, body === undefined ? {} : { body }),
    watch: async (path, headers = {}) => watchOf(await open('GET', path, { headers })),
    close: () => agent.destroy(),
  };
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function watchOf(response: IncomingMessage): TestWatch {
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => {
    response.on('close', resolve);
  });
  response.on('error', () => undefined);
  return {
    code: response.statusCode ?? 0,
    ended,
    async next() {
      const { value, done } = await lines.next();
      if (done) throw new Error('the watch has ended');
      return JSON.parse(value);
    },
    stop: () => response.destroy(),
  };
}
