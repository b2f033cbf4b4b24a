/** From parts to a listening API: engine, handlers, pipeline and server put together. */

import { setMaxListeners } from 'node:events';
import type { OpenApiDocuments } from '@kubelab/api/openapi/documents';
import type { Clock } from '@kubelab/component/clock';
import type { HealthCheck } from '@kubelab/component/health-server';
import type { Logger } from '@kubelab/component/logger';
import type { Registry } from 'prom-client';
import type { Authenticator, ConnectHandler } from './contracts.js';
import type { Exchange } from './http/exchange.js';
import type { InFlightLimits } from './http/in-flight.js';
import { createRequestMetrics } from './http/metrics.js';
import { createPipeline, type Upgrade } from './http/pipeline.js';
import { createPlainHandler, type ExtraDocument } from './http/plain-routes.js';
import { createResourceHandler } from './http/resource-handler.js';
import { type ServerOptions, startServer } from './http/server.js';
import type { Engine } from './registry/engine.js';
import type { Subresources } from './registry/subresources/subresources.js';

export interface ApiParts {
  engine: Engine;
  subresources: Subresources;
  connects: ReadonlyMap<string, ConnectHandler>;
  authenticator: Authenticator;
  openApi: OpenApiDocuments;
  healthChecks: readonly HealthCheck[];
  extraDocuments: readonly ExtraDocument[];
  listen: Omit<ServerOptions, 'pipeline' | 'clock' | 'logger'>;
  /** How others reach the server; for discovery. */
  advertiseAddress: string;
  minRequestTimeoutMs: number;
  /** See {@link WatchSettings}. */
  watchDrainMs?: number | undefined;
  requestTimeoutMs: number;
  inFlight: InFlightLimits;
  registry: Registry;
  logger: Logger;
  clock: Clock;
}

export interface RunningApi {
  port: number;
  /** Says no to /readyz for `delayMs` while it still serves; then ends watches and lets other requests finish for up to `graceMs`. */
  close(options: { delayMs: number; graceMs: number }): Promise<void>;
}

/** Long enough for a slow line, short enough for a client that has stopped reading. */
const watchDrainMs = 30_000;

export async function serveApi(parts: ApiParts): Promise<RunningApi> {
  const { engine, clock, logger, listen } = parts;
  const leaving = new AbortController();
  const stopping = new AbortController();
  // Every watch listens: that is no leak.
  setMaxListeners(0, stopping.signal);
  let port = listen.port;
  const resources = createResourceHandler({
    engine,
    subresources: parts.subresources,
    connects: parts.connects,
    watch: {
      minRequestTimeoutMs: parts.minRequestTimeoutMs,
      drainMs: parts.watchDrainMs ?? watchDrainMs,
      stopping: stopping.signal,
    },
  });
  const plain = createPlainHandler({
    definitions: () => engine.resources.definitions(),
    serverAddress: () => `${parts.advertiseAddress}:${port}`,
    openApi: parts.openApi,
    healthChecks: [...parts.healthChecks, shutdownCheck(leaving.signal)],
    registry: parts.registry,
    logger: parts.logger,
    extraDocuments: parts.extraDocuments,
  });
  const dispatch = (exchange: Exchange, upgrade?: Upgrade): Promise<void> =>
    exchange.info.resourceRequest ? resources(exchange, upgrade) : plain(exchange);
  const pipeline = createPipeline({
    authenticator: parts.authenticator,
    authorizer: engine.authorizer,
    dispatch,
    metrics: createRequestMetrics(parts.registry),
    inFlight: parts.inFlight,
    requestTimeoutMs: parts.requestTimeoutMs,
    stopping: stopping.signal,
    clock,
    logger,
  });
  const server = await startServer({ ...listen, pipeline, clock, logger });
  port = server.port;
  return {
    port,
    async close({ delayMs, graceMs }) {
      leaving.abort();
      if (delayMs > 0) await clock.sleep(delayMs);
      stopping.abort();
      await server.close(graceMs);
      pipeline.stop();
    },
  };
}

function shutdownCheck(leaving: AbortSignal): HealthCheck {
  return {
    name: 'shutdown',
    readinessOnly: true,
    check() {
      if (leaving.aborted) throw new Error('process is shutting down');
    },
  };
}
