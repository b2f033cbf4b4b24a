/** Empties namespaces that are being deleted and lets them go. */

import { namespaces } from '@kubelab/api/resource-types';
import type { Namespace, NamespaceCondition } from '@kubelab/api/types';
import { formatGroupResource, type KubeObject } from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound, StatusError } from '@kubelab/apimachinery/status-error';
import { type DiscoveredResource, discoverResources } from '@kubelab/client/discovery';
import type { Informer } from '@kubelab/client/informer';
import { timestamp } from '@kubelab/component/clock';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { sameStatus } from '@kubelab/controller/same-status';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { type Leftover, namespaceConditions } from './plan.js';

export const namespaceController: ControllerDefinition = {
  name: 'namespace-controller',
  serviceAccount: 'namespace-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new NamespaceReconciler(context);
    const loop = createLoop(context, 'namespace', reconciler);
    const enqueue = ({ metadata }: Namespace): void => {
      if (metadata.deletionTimestamp) loop.enqueue(metadata.name);
    };
    context.informers.of(namespaces).addHandlers({ onAdd: enqueue, onUpdate: (_old, namespace) => enqueue(namespace) });
    return loop;
  },
};

/** How soon to look again while objects are still ending. */
const recheckMs = 1000;

class NamespaceReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #namespaces: Informer<Namespace>;

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#namespaces = context.informers.of(namespaces);
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const namespace = this.#namespaces.get(key);
    if (!namespace?.metadata.deletionTimestamp || !namespace.spec?.finalizers?.includes('kubernetes')) return {};
    const resources = await this.#deletable();
    const isPods = ({ group, plural }: DiscoveredResource): boolean => group === '' && plural === 'pods';
    // Pods go first and are waited for: what they use (policies, secrets, claims) stays until they have ended.
    let { leftovers, failures } = await this.#emptyAll(resources.filter(isPods), key);
    if (leftovers.every(({ count }) => count === 0)) {
      const rest = await this.#emptyAll(
        resources.filter((resource) => !isPods(resource)),
        key,
      );
      leftovers = [...leftovers, ...rest.leftovers];
      failures = [...failures, ...rest.failures];
    }
    await this.#writeConditions(namespace, namespaceConditions(leftovers, failures));
    if (failures.length > 0) throw new Error(`namespace ${key} could not be emptied: ${failures.join('; ')}`);
    if (leftovers.some(({ count }) => count > 0)) return { requeueAfterMs: recheckMs };
    await this.#finalize(namespace);
    return {};
  }

  async #emptyAll(
    resources: readonly DiscoveredResource[],
    namespace: string,
  ): Promise<{ leftovers: Leftover[]; failures: string[] }> {
    const failures: string[] = [];
    const leftovers: Leftover[] = [];
    for (const resource of resources) {
      try {
        leftovers.push(await this.#empty(resource, namespace));
      } catch (error) {
        // The kind itself has gone since it was discovered, and its objects with it.
        if (isNotFound(error)) continue;
        const name = formatGroupResource({ group: resource.group, resource: resource.plural });
        failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { leftovers, failures };
  }

  async #deletable(): Promise<DiscoveredResource[]> {
    const resources = await discoverResources(this.#context.client);
    return resources.filter(
      ({ namespaced, verbs }) => namespaced && verbs.includes('list') && verbs.includes('delete'),
    );
  }

  /** Deletes everything of one kind and counts what is still there. */
  async #empty(resource: DiscoveredResource, namespace: string): Promise<Leftover> {
    const { client } = this.#context;
    const list = (): Promise<KubeObject[]> =>
      client.list(resource, namespace, { metadataOnly: true }).then(({ items }) => items);
    const before = await list();
    const alive = before.filter(({ metadata }) => !metadata.deletionTimestamp);
    if (alive.length > 0) await this.#deleteAll(resource, namespace, alive);
    const left = before.length === 0 ? [] : await list();
    const finalizers = left.flatMap(({ metadata }) => metadata.finalizers ?? []);
    return {
      resource: formatGroupResource({ group: resource.group, resource: resource.plural }),
      count: left.length,
      finalizers,
    };
  }

  async #deleteAll(resource: DiscoveredResource, namespace: string, objects: readonly KubeObject[]): Promise<void> {
    const { client } = this.#context;
    if (resource.verbs.includes('deletecollection')) {
      await client.deleteCollection(resource, namespace, { propagationPolicy: 'Background' });
      return;
    }
    for (const { metadata } of objects) {
      await client
        .delete(resource, metadata.name, namespace, { propagationPolicy: 'Background' })
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
  }

  async #writeConditions(
    namespace: Namespace,
    wanted: Omit<NamespaceCondition, 'lastTransitionTime'>[],
  ): Promise<void> {
    const { client, clock } = this.#context;
    const old = namespace.status?.conditions ?? [];
    const conditions = wanted.map((condition) => {
      const before = old.find(({ type }) => type === condition.type);
      const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : timestamp(clock);
      return { ...condition, ...(lastTransitionTime ? { lastTransitionTime } : {}) };
    });
    if (sameStatus(conditions, old)) return;
    try {
      await client.updateStatus(namespaces, { ...namespace, status: { ...namespace.status, conditions } });
    } catch (error) {
      if (!(error instanceof StatusError) || error.code === 403) throw error;
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async #finalize(namespace: Namespace): Promise<void> {
    const finalizers = (namespace.spec?.finalizers ?? []).filter((name) => name !== 'kubernetes');
    const { client } = this.#context;
    try {
      const current = await client.get(namespaces, namespace.metadata.name);
      if (current.metadata.uid !== namespace.metadata.uid) return;
      await client.updateSubresource(namespaces, current.metadata.name, undefined, 'finalize', {
        ...current,
        spec: { ...current.spec, finalizers },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
