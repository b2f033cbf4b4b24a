import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { StatusError } from '@kubelab/apimachinery/status-error';
import type { Logger } from '@kubelab/component/logger';
import { anonymous, type RequestAuthenticator } from './authentication.js';
import { attributesOf, type RequestAuthorizer, refusal } from './authorization.js';
import type { KubeletHandlers } from './handlers.js';
import { type Route, routeOf } from './routes.js';

export interface KubeletServerOptions {
  host: string;
  port: number;
  /** PEM of the CA whose client certificates are believed. */
  clientCa: string | Buffer | undefined;
  authenticator: RequestAuthenticator;
  authorizer: RequestAuthorizer;
  handlers: KubeletHandlers;
  logger: Logger;
}

/** A path that anybody may ask for. */
const open = new Set<Route['name']>(['healthz']);

/** The kubelet's HTTPS API on port 10250. Until it has a certificate it accepts connections and fails their handshakes. */
export class KubeletServer {
  readonly #options: KubeletServerOptions;
  readonly #server: Server;

  constructor(options: KubeletServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        // As much as Go's servers take: a command is part of the URL.
        maxHeaderSize: 1024 * 1024,
        requestCert: true,
        // A client may come with a token instead of a certificate.
        rejectUnauthorized: false,
        ALPNProtocols: ['http/1.1'],
        ...(options.clientCa ? { ca: options.clientCa } : {}),
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.on(
      'upgrade',
      (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head),
    );
    // Logs that are followed and commands that run may be silent for hours.
    this.#server.requestTimeout = 0;
    this.#server.timeout = 0;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, this.#options.host, resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes a certificate, also while it is serving. `pem` holds certificate and key. */
  useCertificate(pem: string): void {
    const { clientCa } = this.#options;
    this.#server.setSecureContext({ cert: pem, key: pem, ...(clientCa ? { ca: clientCa } : {}) });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { route, url } = await this.#admit(request);
      await this.#options.handlers.handle(route, { request, response, query: url.searchParams });
    } catch (error) {
      const { code, message } = this.#describe(request, error);
      if (response.headersSent) response.destroy();
      else {
        response.writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
        response.end(`${message}\n`);
      }
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // A client that goes away early must not take the process with it.
    socket.on('error', (error) => this.#options.logger.debug('Streaming connection failed', { error }));
    try {
      const { route, url } = await this.#admit(request);
      await this.#options.handlers.stream(route, { request, socket, head, query: url.searchParams });
    } catch (error) {
      const { code, message } = this.#describe(request, error);
      const body = `${message}\n`;
      socket.end(
        `HTTP/1.1 ${code} ${code === 404 ? 'Not Found' : 'Error'}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    }
  }

  async #admit(request: IncomingMessage): Promise<{ route: Route; url: URL }> {
    const { authenticator, authorizer } = this.#options;
    const url = new URL(request.url ?? '/', 'https://localhost');
    const route = routeOf(url.pathname);
    if (!route || !open.has(route.name)) {
      const user = await authenticator.authenticate(request);
      const attributes = attributesOf(request.method ?? 'GET', url.pathname);
      const allowed = user !== anonymous && (await authorizer.isAllowed(user, attributes));
      if (!allowed)
        throw new StatusError({
          code: user === anonymous ? 401 : 403,
          reason: '',
          message: user === anonymous ? 'Unauthorized' : refusal(user, attributes),
        });
    }
    if (!route) throw new StatusError({ code: 404, reason: 'NotFound', message: '404 page not found' });
    return { route, url };
  }

  #describe(request: IncomingMessage, error: unknown): { code: number; message: string } {
    if (error instanceof StatusError) return { code: error.code, message: error.message };
    const message = error instanceof Error ? error.message : String(error);
    this.#options.logger.warn('Request failed', { method: request.method, path: request.url, error });
    return { code: 500, message };
  }
}
