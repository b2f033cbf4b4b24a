/** The diagnostics every service offers: /healthz, /livez, /readyz (with ?verbose and one path per check) and /metrics. */

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface HealthCheck {
  name: string;
  /** Throws when unhealthy; the message is shown with ?verbose. */
  check(): Promise<void> | void;
  /** Only /readyz asks (default: all three do). */
  readinessOnly?: boolean;
}

export interface HealthServerOptions {
  port: number;
  /** Default 0.0.0.0. */
  host?: string;
  /** PEM; absent: plain HTTP. */
  tls?: { cert: string | Buffer; key: string | Buffer };
  checks?: readonly HealthCheck[];
  registry?: Registry;
  /** Other paths; return false for 404. */
  handle?(request: IncomingMessage, response: ServerResponse): boolean;
}

export interface HealthServer {
  port: number;
  close(): Promise<void>;
}

/** The text and status of a health path, as upstream's healthz package prints it; undefined for a path that is no health path. */
export async function answerHealth(
  path: string,
  verbose: boolean,
  checks: readonly HealthCheck[],
): Promise<{ code: number; body: string } | undefined> {
  const match = /^\/(healthz|livez|readyz)(?:\/(.+))?$/.exec(path);
  if (!match) return undefined;
  const [, kind = '', single] = match;
  const wanted = checks.filter((check) => kind === 'readyz' || !check.readinessOnly);
  if (single !== undefined) {
    const one = wanted.find((check) => check.name === single);
    if (single !== 'ping' && !one) return { code: 404, body: '404 page not found\n' };
    return summarize(kind, verbose, one ? [one] : []);
  }
  return summarize(kind, verbose, wanted);
}

async function summarize(
  kind: string,
  verbose: boolean,
  checks: readonly HealthCheck[],
): Promise<{ code: number; body: string }> {
  const lines = ['[+]ping ok'];
  let failed = false;
  for (const check of checks) {
    try {
      await check.check();
      lines.push(`[+]${check.name} ok`);
    } catch (error) {
      failed = true;
      lines.push(`[-]${check.name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (failed) return { code: 500, body: `${lines.join('\n')}\n${kind} check failed\n` };
  return { code: 200, body: verbose ? `${lines.join('\n')}\n${kind} check passed\n` : 'ok' };
}

export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    serve(options, request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(`${error instanceof Error ? error.message : String(error)}\n`);
    });
  };
  const server = options.tls ? createHttpsServer({ ...options.tls }, listener) : createHttpServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '0.0.0.0', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(options: HealthServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const health = await answerHealth(url.pathname, url.searchParams.has('verbose'), options.checks ?? []);
  if (health) {
    response.writeHead(health.code, {
      'Content-Type': 'text/plain; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(health.body);
  } else if (url.pathname === '/metrics' && options.registry) {
    response.writeHead(200, { 'Content-Type': options.registry.contentType });
    response.end(await options.registry.metrics());
  } else if (!options.handle?.(request, response)) {
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end('404 page not found\n');
  }
}
