/** Counts again what quotas limit, after what admission cannot see: deletions, ended pods, changed quotas. */

import type { ResourceType } from '@kubelab/api/resource';
import {
  configMaps,
  cronJobs,
  daemonSets,
  deployments,
  jobs,
  persistentVolumeClaims,
  pods as podType,
  replicaSets,
  replicationControllers,
  resourceQuotas,
  secrets,
  services,
  statefulSets,
} from '@kubelab/api/resource-types';
import type { Pod, ResourceQuota } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import { formatGroupResource, type KubeObject, objectKey } from '@kubelab/apimachinery/meta';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import { discoverResources } from '@kubelab/client/discovery';
import type { Informer } from '@kubelab/client/informer';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { sameStatus } from '@kubelab/controller/same-status';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { isPodTerminated } from '../pods/pod-state.js';
import { countedNames, quotaStatus } from './plan.js';

/** Upstream's --resource-quota-sync-period; kinds without a cache here are counted this often only. */
const resyncMs = 300_000;
/** What was admitted while we counted may not have been in the caches: after a change it is counted once more. */
const checkMs = 5000;

export const resourceQuotaController: ControllerDefinition = {
  name: 'resourcequota-controller',
  serviceAccount: 'resourcequota-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new QuotaReconciler(context);
    const loop = createLoop(context, 'resource_quota', reconciler);
    reconciler.feed(loop);
    return loop;
  },
};

/** Other kinds of which a deletion makes room. */
const replenishing: readonly ResourceType[] = [
  persistentVolumeClaims,
  configMaps,
  secrets,
  replicationControllers,
  deployments,
  replicaSets,
  statefulSets,
  daemonSets,
  jobs,
  cronJobs,
];

class QuotaReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #quotas: Informer<ResourceQuota>;
  readonly #pods: Informer<Pod>;

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#quotas = context.informers.of(resourceQuotas);
    this.#pods = context.informers.of(podType);
  }

  feed(loop: Controller): void {
    this.#quotas.addHandlers({
      onAdd: (quota) => loop.enqueue(objectKey(quota)),
      // Admission writes status.used with every object that is made: only what is asked for is of interest.
      onUpdate: (old, quota) => {
        if (!deepEqual(old.spec, quota.spec)) loop.enqueue(objectKey(quota));
      },
    });
    const enqueueAll = ({ metadata }: KubeObject): void => {
      for (const quota of this.#quotas.list(metadata.namespace)) loop.enqueue(objectKey(quota));
    };
    this.#pods.addHandlers({
      onUpdate: (old, pod) => !isPodTerminated(old) && isPodTerminated(pod) && enqueueAll(pod),
      onDelete: enqueueAll,
    });
    this.#context.informers.of(services).addHandlers({
      onUpdate: (old, service) => old.spec.type !== service.spec.type && enqueueAll(service),
      onDelete: enqueueAll,
    });
    for (const type of replenishing) this.#context.informers.of<KubeObject>(type).addHandlers({ onDelete: enqueueAll });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const quota = this.#quotas.get(key);
    if (!quota) return {};
    const { informers, client } = this.#context;
    const { namespace = '' } = quota.metadata;
    const status = quotaStatus(quota, {
      pods: this.#pods.list(namespace),
      services: informers.of(services).list(namespace),
      claims: informers.of(persistentVolumeClaims).list(namespace),
      counts: await this.#count(quota, namespace),
    });
    if (sameStatus(status, quota.status)) return { requeueAfterMs: resyncMs };
    await client.updateStatus(resourceQuotas, { ...quota, status });
    return { requeueAfterMs: checkMs };
  }

  async #count(quota: ResourceQuota, namespace: string): Promise<Map<string, number>> {
    const names = countedNames(quota);
    const counts = new Map<string, number>();
    if (names.length === 0) return counts;
    const resources = await discoverResources(this.#context.client);
    for (const name of names) {
      const wanted = name.slice('count/'.length);
      const type = resources.find(
        ({ group, plural, namespaced }) => namespaced && formatGroupResource({ group, resource: plural }) === wanted,
      );
      if (type) counts.set(name, await this.#countObjects(type, namespace));
    }
    return counts;
  }

  async #countObjects(type: ResourceType, namespace: string): Promise<number> {
    try {
      const { items } = await this.#context.client.list(type, namespace, { metadataOnly: true });
      return items.length;
    } catch (error) {
      // The kind was taken away a moment ago.
      if (isNotFound(error)) return 0;
      throw error;
    }
  }
}
