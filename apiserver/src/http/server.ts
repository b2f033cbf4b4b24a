/** The listening server: TLS, connections, and stopping without dropping what runs. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock, Timer } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { answerClientError } from './client-error.js';
import type { Cors } from './cors.js';
import type { Pipeline } from './pipeline.js';

export interface ConnectionTimes {
  /** For the handshake, and for the headers of a request; by default upstream's. */
  headersTimeoutMs?: number | undefined;
}

export interface ServerOptions extends ConnectionTimes {
  host: string;
  /** 0 picks a free one. */
  port: number;
  cert: Buffer;
  key: Buffer;
  /** PEM of the CAs that clients' certificates may come from; only a hint for clients, the authenticator decides. */
  clientCa?: Buffer | undefined;
  /** Answers browsers of other origins. */
  cors?: Cors | undefined;
  pipeline: Pipeline;
  clock: Clock;
  logger: Logger;
}

export interface HttpServer {
  readonly port: number;
  /** Takes no new connections, lets requests finish for up to `graceMs`, then cuts the rest. */
  close(graceMs: number): Promise<void>;
}

/** Upstream closes idle connections after this time, too. */
const keepAliveTimeoutMs = 90_000;
/** Go's limit for the request line and the headers together. */
const maxHeaderBytes = 1024 * 1024;
/** Upstream's time for the handshake and for the headers of a request. */
const defaultHeadersTimeoutMs = 32_000;
/** How often connections that send too slowly are looked for. */
const connectionsCheckMs = 5_000;
/** Peers that vanished without a word are found by TCP itself. */
const tcpKeepAliveMs = 180_000;
/** How often a stopping server looks for connections that have become idle. */
const idleCheckMs = 50;

export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const { pipeline, logger, headersTimeoutMs = defaultHeadersTimeoutMs } = options;
  const server = createServer({
    cert: options.cert,
    key: options.key,
    ...(options.clientCa ? { ca: options.clientCa } : {}),
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    // Certificates are asked for and judged by the authenticator, so that a wrong one is a 401 and not a broken connection.
    requestCert: true,
    rejectUnauthorized: false,
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMs,
    handshakeTimeout: headersTimeoutMs,
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: Math.min(connectionsCheckMs, headersTimeoutMs),
  });
  // A watch has no end that a timer could know.
  server.requestTimeout = 0;
  server.timeout = 0;
  const upgraded = new Set<Socket>();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (options.cors?.(request, response)) return;
    pipeline.handle(request, response).catch((error: unknown) => {
      logger.error('Answering failed', { path: request.url, error });
      response.destroy();
    });
  };
  server.on('request', handle);
  // Who asks before sending a body is told to go on when somebody reads it, or gets a refusal instead.
  server.on('checkContinue', handle);
  server.on('clientError', answerClientError);
  server.on('upgrade', (request, socket, head) => {
    upgraded.add(socket as Socket);
    socket.on('close', () => upgraded.delete(socket as Socket));
    socket.on('error', () => socket.destroy());
    pipeline.upgrade(request, socket, head).catch((error: unknown) => {
      logger.error('Upgrade failed', { path: request.url, error });
      socket.destroy();
    });
  });
  server.on('tlsClientError', (error, socket) => {
    logger.debug('TLS handshake failed', { error, remote: socket.remoteAddress });
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close(graceMs) {
      return new Promise((resolve) => {
        const cut = options.clock.setTimeout(() => {
          for (const socket of upgraded) socket.destroy();
          server.closeAllConnections();
        }, graceMs);
        // Connections become idle one after the other, as their requests are answered.
        let idle: Timer | undefined;
        const closeIdle = (): void => {
          server.closeIdleConnections();
          idle = options.clock.setTimeout(closeIdle, idleCheckMs);
        };
        server.close(() => {
          cut.clear();
          idle?.clear();
          resolve();
        });
        closeIdle();
      });
    },
  };
}
