/** Connects the parts of the DNS server; the only place that constructs adapters. */

import { endpointSlices, namespaces, services } from '@kubelab/api/resource-types';
import type { EndpointSlice, Namespace, Service } from '@kubelab/api/types';
import type { Informer } from '@kubelab/client/informer';
import { inClusterConfig, loadKubeconfig } from '@kubelab/client/kubeconfig';
import { createInformer } from '@kubelab/client/reflector';
import { createClient } from '@kubelab/client/rest-client';
import { readConfigFile } from '@kubelab/component/files';
import { type HealthServerOptions, startHealthServer } from '@kubelab/component/health-server';
import { gitVersion } from '@kubelab/component/identity';
import type { ServiceContext } from '@kubelab/component/service';
import type { DnsConfig } from './config.js';
import { CachingForwarder } from './forwarder.js';
import { listen } from './listeners.js';
import { DnsMetrics } from './metrics.js';
import { parseNameservers } from './resolv-conf.js';
import { Responder } from './responder.js';
import { Zone } from './zone.js';

interface Informers {
  services: Informer<Service>;
  slices: Informer<EndpointSlice>;
  namespaces: Informer<Namespace>;
}

export async function runDns(config: DnsConfig, context: ServiceContext): Promise<void> {
  const { logger, registry, clock, signal } = context;
  const access = config.kubeconfig ? loadKubeconfig(config.kubeconfig) : inClusterConfig();
  const client = createClient({ ...access, userAgent: `kubelab-dns/${gitVersion}` });
  const informers: Informers = {
    services: createInformer(client, services, { clock, logger }),
    slices: createInformer(client, endpointSlices, { clock, logger }),
    namespaces: createInformer(client, namespaces, { clock, logger }),
  };
  const zone = watchZone(informers, config['cluster-domain']);
  const servers =
    config.upstream.length > 0
      ? config.upstream
      : parseNameservers(readConfigFile('resolv-conf', config['resolv-conf']).toString('utf8'));
  const forwarder = new CachingForwarder({ servers, cacheTtlSeconds: config['cache-ttl'], clock });
  const responder = new Responder({ zone, forwarder, ttl: config.ttl, logger, metrics: new DnsMetrics(registry) });
  const synced = (): void => {
    const missing = Object.entries(informers).filter(([, informer]) => !informer.hasSynced());
    if (missing.length > 0) throw new Error(`not synced yet: ${missing.map(([name]) => name).join(', ')}`);
  };
  const closers = await startPorts(config, context, responder, synced);
  for (const informer of Object.values(informers)) informer.start(signal);
  logger.info('Serving DNS', { domain: config['cluster-domain'], port: config.port, upstream: servers });
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  // Proxies learn of our end only after a moment; until then clients still come here.
  await clock.sleep(config.lameduck);
  await Promise.all(closers.map((close) => close()));
  client.close();
}

async function startPorts(
  config: DnsConfig,
  { registry, logger }: ServiceContext,
  responder: Responder,
  synced: () => void,
): Promise<(() => Promise<void>)[]> {
  const listeners = await listen({ address: config.address, port: config.port, responder, logger });
  const health = await startHealthServer({
    port: config['health-port'],
    handle: answerText('/health', () => undefined),
  });
  const ready = await startHealthServer({ port: config['ready-port'], handle: answerText('/ready', synced) });
  const metrics = await startHealthServer({ port: config['metrics-port'], registry });
  return [listeners, health, ready, metrics].map((server) => () => server.close());
}

/** Serves one path with OK, or with 503 and the reason that `check` throws. */
function answerText(path: string, check: () => void): NonNullable<HealthServerOptions['handle']> {
  return (request, response) => {
    if (request.url !== path) return false;
    try {
      check();
      response.end('OK');
    } catch (error) {
      response.statusCode = 503;
      response.end(error instanceof Error ? error.message : String(error));
    }
    return true;
  };
}

/** The zone of the current state, rebuilt on the first query after a change. */
function watchZone({ services: svc, slices, namespaces: ns }: Informers, domain: string): () => Zone {
  let zone: Zone | undefined;
  const stale = (): void => {
    zone = undefined;
  };
  for (const informer of [svc, slices, ns]) informer.addHandlers({ onAdd: stale, onUpdate: stale, onDelete: stale });
  return () => {
    zone ??= new Zone({
      domain,
      services: svc.list(),
      slices: slices.list(),
      namespaces: ns.list().map((item) => item.metadata.name),
    });
    return zone;
  };
}
