/** Connects the parts of the controller manager; the only place that constructs adapters. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createEventRecorder } from '@kubelab/client/event-recorder';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { runAsLeader } from '@kubelab/client/leader-election';
import { createClient } from '@kubelab/client/rest-client';
import { readConfigFile } from '@kubelab/component/files';
import { startHealthServer } from '@kubelab/component/health-server';
import { gitVersion } from '@kubelab/component/identity';
import { ConfigError, type ServiceContext } from '@kubelab/component/service';
import { ControllerMetrics } from '@kubelab/controller/loop';
import type { ManagerConfig } from './config.js';
import type { ControllerDefinition, Runnable } from './manager/context.js';
import { selectControllers } from './manager/registry.js';
import { ServiceAccountClients } from './manager/service-account-clients.js';
import { SharedInformers } from './manager/shared-informers.js';

export async function runControllerManager(config: ManagerConfig, context: ServiceContext): Promise<void> {
  const { signal, clock, logger } = context;
  const definitions = select(config);
  const access = { ...loadKubeconfig(config.kubeconfig), userAgent: `kube-controller-manager/${gitVersion}` };
  const root = createClient(access);
  const informers = new SharedInformers({ client: root, clock, logger });
  const server = await startServer(config, context, informers);
  const metrics = new ControllerMetrics(context.registry);
  const work = async (leading: AbortSignal): Promise<void> => {
    const clients = new ServiceAccountClients({ access, root, clock, logger });
    const runnables = await Promise.all(
      definitions.map(async (definition): Promise<Runnable> => {
        const { serviceAccount } = definition;
        const client = serviceAccount === undefined ? root : await clients.of(serviceAccount, leading);
        const recorder = createEventRecorder({ client, component: definition.name, clock, logger });
        return definition.create({ config, client, informers, recorder, clock, logger, metrics });
      }),
    );
    informers.start(leading);
    await informers.waitForSync(leading);
    logger.info('Controllers started', { controllers: definitions.map(({ name }) => name) });
    await Promise.all(runnables.map((runnable) => runnable.run(leading)));
  };
  try {
    await (config['leader-elect'] ? lead(config, context, root, work) : work(signal));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await server.close();
    root.close();
  }
}

function select(config: ManagerConfig): ControllerDefinition[] {
  try {
    return selectControllers(config);
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)]);
  }
}

function lead(
  config: ManagerConfig,
  { clock, logger, signal }: ServiceContext,
  client: ReturnType<typeof createClient>,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  return runAsLeader(
    {
      client,
      clock,
      logger,
      name: 'kube-controller-manager',
      identity: `${hostname()}_${randomUUID()}`,
      leaseDurationMs: config['leader-elect-lease-duration'],
      renewDeadlineMs: config['leader-elect-renew-deadline'],
      retryPeriodMs: config['leader-elect-retry-period'],
    },
    work,
    signal,
  );
}

function startServer(config: ManagerConfig, { registry }: ServiceContext, informers: SharedInformers) {
  const check = (): void => {
    const unsynced = informers.unsynced();
    if (unsynced.length > 0) throw new Error(`not listed yet: ${unsynced.join(', ')}`);
  };
  return startHealthServer({
    host: config['bind-address'],
    port: config['secure-port'],
    registry,
    checks: [{ name: 'informers', check, readinessOnly: true }],
    ...(config['tls-cert-file']
      ? {
          tls: {
            cert: readConfigFile('tls-cert-file', config['tls-cert-file']),
            key: readConfigFile('tls-private-key-file', config['tls-private-key-file']),
          },
        }
      : {}),
  });
}
