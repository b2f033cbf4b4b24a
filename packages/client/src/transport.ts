/** HTTP below the typed client: one keep-alive agent, answers as text or as a stream, no knowledge of kinds. */

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { ConnectionError } from './client.js';
import type { ClientConfig } from './config.js';

export interface TransportRequest {
  method: string;
  /** With query. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  signal?: AbortSignal;
  /** No answer's headers by then is a ConnectionError (milliseconds). Default 60 s; 0: wait for ever. */
  timeoutMs?: number;
}

export class Transport {
  readonly #base: URL;
  readonly #config: ClientConfig;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(config: ClientConfig) {
    this.#config = config;
    this.#base = new URL(config.server);
    this.#agent =
      this.#base.protocol === 'https:' ? new HttpsAgent(agentOptions(config)) : new HttpAgent({ keepAlive: true });
  }

  /** Resolves with the answer's head; the caller reads or destroys the body. */
  open(request: TransportRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(
          new ConnectionError(`${request.method} ${this.#base.host}${request.path}: ${error.message}`, {
            cause: error,
          }),
        );
      const send = this.#base.protocol === 'https:' ? httpsRequest : httpRequest;
      const outgoing = send(this.#options(request), resolve);
      const timeoutMs = request.timeoutMs ?? 60_000;
      if (timeoutMs > 0) {
        const timer = setTimeout(
          () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
          timeoutMs,
        );
        outgoing.once('close', () => clearTimeout(timer));
        outgoing.once('response', () => clearTimeout(timer));
      }
      outgoing.on('error', fail);
      outgoing.end(request.body);
    });
  }

  async text(request: TransportRequest): Promise<{ code: number; headers: IncomingMessage['headers']; body: string }> {
    const response = await this.open(request);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    } catch (error) {
      throw new ConnectionError(`${request.method} ${request.path}: the answer broke off`, { cause: error });
    }
    return { code: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString('utf8') };
  }

  close(): void {
    this.#agent.destroy();
  }

  #options(request: TransportRequest): RequestOptions {
    const { token } = this.#config;
    const bearer = typeof token === 'function' ? token() : token;
    const prefix = this.#base.pathname.replace(/\/$/, '');
    return {
      agent: this.#agent,
      hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: this.#base.port || (this.#base.protocol === 'https:' ? 443 : 80),
      method: request.method,
      path: `${prefix}${request.path}`,
      headers: {
        'User-Agent': this.#config.userAgent ?? 'kubelab',
        ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
        ...(request.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(request.body)) }),
        ...request.headers,
      },
      ...(request.signal ? { signal: request.signal } : {}),
    };
  }
}

function agentOptions(config: ClientConfig): ConstructorParameters<typeof HttpsAgent>[0] {
  return {
    keepAlive: true,
    ...(config.ca ? { ca: config.ca } : {}),
    ...(config.cert ? { cert: config.cert } : {}),
    ...(config.key ? { key: config.key } : {}),
    ...(config.serverName ? { servername: config.serverName } : {}),
    rejectUnauthorized: !config.insecureSkipTlsVerify,
  };
}
