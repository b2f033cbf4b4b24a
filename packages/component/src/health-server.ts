/** The diagnostics every service offers: /healthz, /livez, /readyz (with ?verbose and one path per check) and /metrics. */

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { goQuote } from '@kubelab/apimachinery/go-quote';
import type { Registry } from 'prom-client';

export interface HealthCheck {
  name: string;
  /** Throws when unhealthy; the message is shown to those who ask for this check alone. */
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

export interface HealthAnswer {
  code: number;
  body: string;
  /** What failed and why, for the log: the body of a whole group is public and tells names only. */
  failures: string[];
}

/** The text and status of a health path, as upstream's healthz package prints it; undefined for a path that is no health path. */
export async function answerHealth(
  path: string,
  query: URLSearchParams,
  checks: readonly HealthCheck[],
): Promise<HealthAnswer | undefined> {
  const match = /^\/(healthz|livez|readyz)(?:\/(.+))?$/.exec(path);
  if (!match) return undefined;
  const [, kind = '', single] = match;
  const wanted = checks.filter((check) => kind === 'readyz' || !check.readinessOnly);
  if (single === undefined) return summarize(kind, query, [ping, ...wanted]);
  const one = [ping, ...wanted].find((check) => check.name === single);
  return one ? askOne(one) : { code: 404, body: '404 page not found\n', failures: [] };
}

const ping: HealthCheck = { name: 'ping', check: () => undefined };

async function failureOf(check: HealthCheck): Promise<string | undefined> {
  try {
    await check.check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function askOne(check: HealthCheck): Promise<HealthAnswer> {
  const failure = await failureOf(check);
  if (failure === undefined) return { code: 200, body: 'ok', failures: [] };
  return { code: 500, body: `internal server error: ${failure}\n`, failures: [`${check.name}: ${failure}`] };
}

async function summarize(kind: string, query: URLSearchParams, checks: readonly HealthCheck[]): Promise<HealthAnswer> {
  const excluded = new Set(query.getAll('exclude'));
  const lines: string[] = [];
  const failures: string[] = [];
  for (const check of checks) {
    const { name } = check;
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const failure = await failureOf(check);
    if (failure !== undefined) failures.push(`${name}: ${failure}`);
    lines.push(failure === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const names = [...excluded].map(goQuote).join(', ');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  const text = lines.join('\n');
  if (failures.length > 0) return { code: 500, body: `${text}\n${kind} check failed\n`, failures };
  return { code: 200, body: query.has('verbose') ? `${text}\n${kind} check passed\n` : 'ok', failures };
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
  const health = await answerHealth(url.pathname, url.searchParams, options.checks ?? []);
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
