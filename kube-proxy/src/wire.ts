/** Connects the parts of the proxy; the only place that constructs adapters. */

import { endpointSlices, nodes, services } from '@kubelab/api/resource-types';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { createInformer } from '@kubelab/client/reflector';
import { createClient } from '@kubelab/client/rest-client';
import { type HealthServer, startHealthServer } from '@kubelab/component/health-server';
import { gitVersion } from '@kubelab/component/identity';
import type { ServiceContext } from '@kubelab/component/service';
import { type ProxyConfig, splitAddress } from './config.js';
import { IptablesApplier } from './iptables/apply.js';
import { ProxyMetrics } from './metrics.js';
import { Proxier } from './proxier.js';

export async function runProxy(config: ProxyConfig, context: ServiceContext): Promise<void> {
  const { logger, registry, clock, signal } = context;
  const client = createClient({ ...loadKubeconfig(config.kubeconfig), userAgent: `kube-proxy/${gitVersion}` });
  const informerOptions = { clock, logger };
  const informers = {
    services: createInformer(client, services, informerOptions),
    slices: createInformer(client, endpointSlices, {
      ...informerOptions,
      labelSelector: '!service.kubernetes.io/headless',
    }),
    nodes: createInformer(client, nodes, informerOptions),
  };
  const proxier = new Proxier({
    ...informers,
    nodeName: config['hostname-override'],
    cniConfigFile: config['cni-config-file'],
    applier: new IptablesApplier(),
    plan: {
      clusterCidr: config['cluster-cidr'],
      masqueradeAll: config['masquerade-all'],
      mark: `0x${(2 ** config['iptables-masquerade-bit']).toString(16)}`,
      nodePortAddresses: config['nodeport-addresses'],
    },
    minSyncPeriodMs: config['iptables-min-sync-period'],
    syncPeriodMs: config['iptables-sync-period'],
    clock,
    logger,
    metrics: new ProxyMetrics(registry),
  });
  const servers = await startServers(config, context, proxier);
  for (const informer of Object.values(informers)) informer.start(signal);
  try {
    await proxier.run(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    client.close();
  }
}

function startServers(config: ProxyConfig, { registry }: ServiceContext, proxier: Proxier): Promise<HealthServer[]> {
  const checks = [{ name: 'proxier', check: () => proxier.checkHealth() }];
  return Promise.all([
    startHealthServer({ ...splitAddress(config['healthz-bind-address']), checks }),
    startHealthServer({
      ...splitAddress(config['metrics-bind-address']),
      checks,
      registry,
      handle: (request, response) => {
        if (request.url !== '/proxyMode') return false;
        response.end(config['proxy-mode']);
        return true;
      },
    }),
  ]);
}
