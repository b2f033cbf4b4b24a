/** Connects the parts of the scheduler; the only place that constructs adapters. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  services,
  statefulSets,
  storageClasses,
} from '@kubelab/api/resource-types';
import type { Node, Pod } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import type { KubeClient } from '@kubelab/client/client';
import { createEventRecorder } from '@kubelab/client/event-recorder';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { runAsLeader } from '@kubelab/client/leader-election';
import { createInformer } from '@kubelab/client/reflector';
import { createClient } from '@kubelab/client/rest-client';
import { readConfigFile } from '@kubelab/component/files';
import { startHealthServer } from '@kubelab/component/health-server';
import { gitVersion } from '@kubelab/component/identity';
import type { ServiceContext } from '@kubelab/component/service';
import type { SchedulerConfig } from './config.js';
import { defaultSelectors } from './default-selectors.js';
import { SchedulerMetrics } from './metrics.js';
import { defaultPlugins } from './plugins/registry.js';
import { SchedulingQueue } from './queue/scheduling-queue.js';
import { Scheduler } from './scheduler.js';
import { ClusterCache } from './snapshot/cluster-cache.js';

export async function runScheduler(config: SchedulerConfig, context: ServiceContext): Promise<void> {
  const { signal, clock, logger } = context;
  const client = createClient({ ...loadKubeconfig(config.kubeconfig), userAgent: `kube-scheduler/${gitVersion}` });
  const parts = assemble(config, context, client);
  const server = await startServer(config, context, () => parts.hasSynced());
  const work = async (leading: AbortSignal): Promise<void> => {
    parts.start(leading);
    await parts.waitForSync(leading);
    logger.info('Scheduling', { scheduler: config['scheduler-name'] });
    await parts.scheduler.run(leading);
  };
  try {
    if (!config['leader-elect']) await work(signal);
    else {
      await runAsLeader(
        {
          client,
          clock,
          logger,
          name: 'kube-scheduler',
          identity: `${hostname()}_${randomUUID()}`,
          leaseDurationMs: config['leader-elect-lease-duration'],
          renewDeadlineMs: config['leader-elect-renew-deadline'],
          retryPeriodMs: config['leader-elect-retry-period'],
        },
        work,
        signal,
      );
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await parts.recorder.flush();
    await server.close();
    client.close();
  }
}

function createInformers(client: KubeClient, { clock, logger }: ServiceContext) {
  const options = { clock, logger };
  return {
    pods: createInformer(client, pods, { ...options, fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' }),
    nodes: createInformer(client, nodes, options),
    namespaces: createInformer(client, namespaces, options),
    services: createInformer(client, services, options),
    replicaSets: createInformer(client, replicaSets, options),
    replicationControllers: createInformer(client, replicationControllers, options),
    statefulSets: createInformer(client, statefulSets, options),
    claims: createInformer(client, persistentVolumeClaims, options),
    volumes: createInformer(client, persistentVolumes, options),
    storageClasses: createInformer(client, storageClasses, options),
    budgets: createInformer(client, podDisruptionBudgets, options),
  };
}

function assemble(config: SchedulerConfig, context: ServiceContext, client: KubeClient) {
  const { clock, logger, registry } = context;
  const informers = createInformers(client, context);
  const cache = new ClusterCache();
  const queue = new SchedulingQueue({
    clock,
    initialBackOffMs: config['pod-initial-backoff-seconds'] * 1000,
    maxBackOffMs: config['pod-max-backoff-seconds'] * 1000,
  });
  feed(informers, cache, queue, config['scheduler-name']);
  const recorder = createEventRecorder({ client, component: config['scheduler-name'], clock, logger });
  const scheduler = new Scheduler({
    client,
    cache,
    queue,
    plugins: defaultPlugins,
    contextOf: (pod) => ({
      pod,
      nodes: cache.snapshot(),
      namespace: (name) => informers.namespaces.get(name),
      claim: (namespace, name) => informers.claims.get(`${namespace}/${name}`),
      volume: (name) => informers.volumes.get(name),
      volumes: () => informers.volumes.list(),
      storageClass: (name) => informers.storageClasses.get(name),
      defaultSelectors: defaultSelectors(pod, informers),
    }),
    budgets: () => informers.budgets.list(),
    recorder,
    metrics: new SchedulerMetrics(registry, queue),
    clock,
    logger,
    profile: config['scheduler-name'],
  });
  const all = Object.values(informers);
  return {
    scheduler,
    recorder,
    hasSynced: () => all.every((informer) => informer.hasSynced()),
    start: (signal: AbortSignal) => {
      for (const informer of all) informer.start(signal);
    },
    waitForSync: async (signal: AbortSignal) => {
      await Promise.all(all.map((informer) => informer.waitForSync(signal)));
    },
  };
}

/** Pods with a node go to the cache, those without to the queue; whatever may make room wakes the queue. */
function feed(
  informers: ReturnType<typeof createInformers>,
  cache: ClusterCache,
  queue: SchedulingQueue,
  schedulerName: string,
): void {
  const put = (pod: Pod): void => {
    if (pod.spec.nodeName) {
      cache.setPod(pod);
      queue.remove(objectKey(pod));
    } else if ((pod.spec.schedulerName ?? 'default-scheduler') === schedulerName && !cache.isAssumed(objectKey(pod))) {
      queue.set(pod);
    }
  };
  informers.pods.addHandlers({
    onAdd: put,
    onUpdate: (old, pod) => {
      put(pod);
      if (pod.spec.nodeName && !old.spec.nodeName) return;
      if (pod.spec.nodeName && JSON.stringify(old.metadata.labels) !== JSON.stringify(pod.metadata.labels))
        queue.clusterChanged();
    },
    onDelete: (pod) => {
      cache.removePod(pod);
      queue.remove(objectKey(pod));
      if (pod.spec.nodeName) queue.clusterChanged();
    },
  });
  informers.nodes.addHandlers({
    onAdd: (node) => {
      cache.setNode(node);
      queue.clusterChanged();
    },
    onUpdate: (old, node) => {
      cache.setNode(node);
      if (placementFacts(old) !== placementFacts(node)) queue.clusterChanged();
    },
    onDelete: (node) => cache.removeNode(node.metadata.name),
  });
  const changed = (): void => queue.clusterChanged();
  informers.storageClasses.addHandlers({ onAdd: changed, onUpdate: changed });
  for (const informer of [informers.claims, informers.volumes])
    informer.addHandlers({ onAdd: changed, onUpdate: changed });
}

/** What of a node decides whether a pod fits; heartbeats change none of it. */
function placementFacts({ metadata, spec, status }: Node): string {
  return JSON.stringify([metadata.labels, spec.taints, spec.unschedulable, status?.allocatable]);
}

function startServer(config: SchedulerConfig, { registry }: ServiceContext, hasSynced: () => boolean) {
  const check = (): void => {
    if (!hasSynced()) throw new Error('informers have not synced');
  };
  return startHealthServer({
    host: config['bind-address'],
    port: config['secure-port'],
    registry,
    checks: [{ name: 'sched-handler-sync', check, readinessOnly: true }],
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
