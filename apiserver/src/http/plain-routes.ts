/** Everything that is no resource: discovery, OpenAPI, version, health and metrics, on an express application. */

import type { OpenApiDocuments } from '@kubelab/api/openapi/documents';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { answerHealth, type HealthCheck } from '@kubelab/component/health-server';
import type { Logger } from '@kubelab/component/logger';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { Registry } from 'prom-client';
import { addDiscoveryRoutes } from './discovery/routes.js';
import type { Exchange } from './exchange.js';
import { addOpenApiRoutes } from './openapi-routes.js';
import { methodNotAllowed, pathNotFound } from './resource-target.js';
import { sendBytes, wantsPretty } from './respond.js';
import { versionDocument } from './version.js';

/** A document that another part of the server publishes at a fixed path. */
export interface ExtraDocument {
  path: string;
  contentType: string;
  body: string;
}

export interface PlainRoutesOptions {
  definitions(): readonly ResourceDefinition[];
  serverAddress(): string;
  openApi: OpenApiDocuments;
  healthChecks: readonly HealthCheck[];
  registry: Registry;
  logger: Logger;
  extraDocuments: readonly ExtraDocument[];
}

/** Answers authorized requests that are about no resource. Rejects with StatusError 404 where there is nothing. */
export type PlainHandler = (exchange: Exchange) => Promise<void>;

export function createPlainHandler(options: PlainRoutesOptions): PlainHandler {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  addDiscoveryRoutes(app, options);
  addOpenApiRoutes(app, options.openApi);
  app.get('/version', (request, response) => sendJson(request, response, versionDocument()));
  app.get('/', (request, response) => sendJson(request, response, { paths: rootPaths(options) }));
  app.get('/metrics', async (request, response) => {
    const bytes = Buffer.from(await options.registry.metrics());
    await sendBytes(request, response, { code: 200, contentType: options.registry.contentType, bytes });
  });
  app.get(/^\/(healthz|livez|readyz)(\/|$)/, (request, response) => sendHealth(request, response, options));
  for (const { path, contentType, body } of options.extraDocuments) {
    app.get(path, (request, response) =>
      sendBytes(request, response, { code: 200, contentType, bytes: Buffer.from(body) }),
    );
  }
  return (exchange) =>
    new Promise((resolve, reject) => {
      const { request, response } = exchange;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        reject(methodNotAllowed());
        return;
      }
      response.on('close', resolve);
      response.on('finish', resolve);
      const otherwise: NextFunction = (error?: unknown) => reject(error ?? pathNotFound());
      app(request as Request, response as Response, otherwise);
    });
}

function sendJson(request: Request, response: Response, value: unknown): Promise<void> {
  const query = new URLSearchParams((request.url.split('?')[1] ?? '').toString());
  // Upstream indents these for everybody.
  const indented = query.get('pretty') === 'false' ? wantsPretty(query, '') : true;
  const bytes = Buffer.from(JSON.stringify(value, null, indented ? 2 : undefined));
  return sendBytes(request, response, { code: 200, contentType: 'application/json', bytes });
}

async function sendHealth(
  request: Request,
  response: Response,
  { healthChecks, logger }: PlainRoutesOptions,
): Promise<void> {
  const path = request.path.replace(/\/$/, '');
  const answer = await answerHealth(path, new URLSearchParams(request.url.split('?')[1] ?? ''), healthChecks);
  if (!answer) throw pathNotFound();
  if (answer.failures.length > 0) logger.info('Health check failed', { path, failures: answer.failures });
  await sendBytes(request, response, {
    code: answer.code,
    contentType: 'text/plain; charset=utf-8',
    bytes: Buffer.from(answer.body),
    headers: { 'X-Content-Type-Options': 'nosniff' },
  });
}

function rootPaths(options: PlainRoutesOptions): string[] {
  const paths = new Set([
    '/api',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/readyz',
    '/version',
  ]);
  for (const { group, version } of options.definitions()) {
    paths.add(group === '' ? `/api/${version}` : `/apis/${group}`);
    if (group !== '') paths.add(`/apis/${group}/${version}`);
  }
  for (const check of options.healthChecks) {
    for (const kind of check.readinessOnly ? ['readyz'] : ['healthz', 'livez', 'readyz'])
      paths.add(`/${kind}/${check.name}`);
  }
  for (const { path } of options.extraDocuments) paths.add(path);
  return [...paths].sort();
}
