/** Deletes objects whose owners are gone, and sees foreground and orphan deletions through, for every kind the server has. */

import type { ResourceType } from '@kubelab/api/resource';
import {
  formatGroupResource,
  type KubeObject,
  type OwnerReference,
  parseApiVersion,
  toApiVersion,
} from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import { type DiscoveredResource, discoverResources } from '@kubelab/client/discovery';
import type { Informer } from '@kubelab/client/informer';
import { createInformer } from '@kubelab/client/reflector';
import type { Controller } from '@kubelab/controller/loop';
import { type ReconcileResult, type Reconciler, TerminalError } from '@kubelab/controller/reconciler';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { type GraphNode, OwnerGraph } from './graph.js';
import { type GcAction, type OwnerState, planObject, unblockedOwners, waitsForDependents } from './plan.js';

const resyncMs = 30_000;

/** Kinds nobody owns and nobody cleans up this way. */
const ignored: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io']);

export const garbageCollector: ControllerDefinition = {
  name: 'garbage-collector-controller',
  serviceAccount: 'generic-garbage-collector',
  enabled: () => true,
  create: (context) => {
    const collector = new GarbageCollector(context);
    const loop = createLoop(context, 'garbage_collector', collector);
    return { run: (signal) => collector.run(loop, signal) };
  },
};

interface Monitor {
  type: DiscoveredResource;
  informer: Informer<KubeObject>;
  stop: AbortController;
}

class GarbageCollector implements Reconciler {
  readonly #context: ManagerContext;
  readonly #graph = new OwnerGraph();
  readonly #monitors = new Map<string, Monitor>();
  #loop: Controller | undefined;

  constructor(context: ManagerContext) {
    this.#context = context;
  }

  async run(loop: Controller, signal: AbortSignal): Promise<void> {
    this.#loop = loop;
    const working = this.#whenSynced(loop, signal);
    while (!signal.aborted) {
      await this.#refreshMonitors(signal).catch((error: unknown) =>
        this.#context.logger.warn('Kinds could not be discovered, will be retried', { error }),
      );
      await this.#context.clock.sleep(this.#monitors.size === 0 ? 500 : resyncMs, signal).catch(() => undefined);
    }
    await working;
  }

  /** Before every kind has been listed, an owner that is not in the graph may just not have been seen. */
  async #whenSynced(loop: Controller, signal: AbortSignal): Promise<void> {
    while (
      !signal.aborted &&
      (this.#monitors.size === 0 || ![...this.#monitors.values()].every(({ informer }) => informer.hasSynced()))
    ) {
      await this.#context.clock.sleep(100, signal).catch(() => undefined);
    }
    await loop.run(signal);
  }

  async #refreshMonitors(signal: AbortSignal): Promise<void> {
    const wanted = new Map<string, DiscoveredResource>();
    for (const type of await discoverResources(this.#context.client)) {
      const key = formatGroupResource({ group: type.group, resource: type.plural });
      if (['list', 'watch', 'delete'].every((verb) => type.verbs.includes(verb)) && !ignored.has(key))
        wanted.set(key, type);
    }
    for (const [key, monitor] of this.#monitors) {
      if (wanted.has(key)) continue;
      monitor.stop.abort(new Error('the kind is no longer served'));
      this.#monitors.delete(key);
    }
    for (const [key, type] of wanted)
      if (!this.#monitors.has(key)) this.#monitors.set(key, this.#startMonitor(type, signal));
  }

  #startMonitor(type: DiscoveredResource, signal: AbortSignal): Monitor {
    const { client, clock, logger } = this.#context;
    const stop = new AbortController();
    const informer = createInformer<KubeObject>(client, type, { clock, logger, metadataOnly: true });
    const set = (object: KubeObject): void => {
      this.#graph.set(type, object);
      this.#loop?.enqueue(object.metadata.uid);
    };
    informer.addHandlers({
      onAdd: set,
      onUpdate: (old, object) => {
        if (old.metadata.uid !== object.metadata.uid) this.#forget(old);
        set(object);
        for (const owner of unblockedOwners(old.metadata, object.metadata)) this.#loop?.enqueue(owner);
      },
      onDelete: (object) => this.#forget(object),
    });
    informer.start(AbortSignal.any([signal, stop.signal]));
    return { type, informer, stop };
  }

  #forget(object: KubeObject): void {
    const { uid, ownerReferences = [] } = object.metadata;
    this.#graph.delete(uid);
    for (const dependent of this.#graph.dependentsOf(uid)) this.#loop?.enqueue(dependent.uid);
    // An owner in foreground deletion may have been waiting for just this one.
    for (const owner of ownerReferences) this.#loop?.enqueue(owner.uid);
  }

  async reconcile(uid: string): Promise<ReconcileResult> {
    const node = this.#graph.get(uid);
    if (!node) return {};
    const references = node.metadata.deletionTimestamp ? [] : (node.metadata.ownerReferences ?? []);
    const owners = await Promise.all(
      references.map(async (reference) => ({ reference, state: await this.#stateOf(reference, node) })),
    );
    const action = planObject({ metadata: node.metadata, owners, dependents: this.#graph.dependentsOf(uid) });
    try {
      await this.#apply(node, action);
    } catch (error) {
      // Gone or changed meanwhile: the next event brings it back here.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return {};
  }

  async #stateOf(reference: OwnerReference, dependent: GraphNode): Promise<OwnerState> {
    const owner = this.#graph.get(reference.uid);
    if (owner && isSameOwner(owner, reference, dependent)) {
      return waitsForDependents(owner.metadata) ? 'waiting-for-dependents' : 'solid';
    }
    const type = this.#typeOf(reference);
    // A kind we do not know may be served again later: its objects are left alone.
    if (!type)
      throw new Error(
        `owner ${reference.kind} ${reference.name} is of a kind that is not served: ${reference.apiVersion}`,
      );
    // Never trust absence from a cache: ask.
    const namespace = type.namespaced ? dependent.metadata.namespace : undefined;
    if (type.namespaced && namespace === undefined) {
      this.#complain(dependent, reference);
      throw new TerminalError('a cluster-scoped object cannot be owned by a namespaced one: it is left alone');
    }
    if (owner) this.#complain(dependent, reference);
    try {
      const live = await this.#context.client.get(type, reference.name, namespace);
      return live.metadata.uid === reference.uid ? 'solid' : 'missing';
    } catch (error) {
      if (isNotFound(error)) return 'missing';
      throw error;
    }
  }

  #complain({ type, metadata }: GraphNode, reference: OwnerReference): void {
    const { name, namespace, uid } = metadata;
    const target = {
      apiVersion: toApiVersion(type.group, type.version),
      kind: type.kind,
      metadata: { name, uid, ...(namespace ? { namespace } : {}) },
    };
    const owner = `[${reference.apiVersion}/${reference.kind}, namespace: ${namespace ?? ''}, name: ${reference.name}, uid: ${reference.uid}]`;
    const message = `ownerRef ${owner} does not exist in namespace "${namespace ?? ''}"`;
    this.#context.recorder.event(target, 'Warning', 'OwnerRefInvalidNamespace', message);
  }

  #typeOf(reference: OwnerReference): ResourceType | undefined {
    const { group } = parseApiVersion(reference.apiVersion);
    return [...this.#monitors.values()]
      .map(({ type }) => type)
      .find((type) => type.group === group && type.kind === reference.kind);
  }

  async #apply(node: GraphNode, action: GcAction): Promise<void> {
    const { client } = this.#context;
    const { type, metadata } = node;
    const { name, namespace, uid } = metadata;
    let { resourceVersion } = metadata;
    switch (action.action) {
      case 'none':
        return;
      case 'delete':
        if (action.unblock) resourceVersion = await this.#unblockOwners(node);
        await client.delete(type, name, namespace, {
          propagationPolicy: action.propagationPolicy,
          // Somebody may have given it a living owner a moment ago.
          preconditions: { uid, resourceVersion },
        });
        return;
      case 'wait-for-dependents':
        for (const dependent of action.dependents) this.#loop?.enqueue(dependent);
        return;
      case 'remove-finalizer': {
        const finalizers = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== action.finalizer);
        await client.patch(type, name, namespace, 'merge', { metadata: { uid, resourceVersion, finalizers } });
        return;
      }
      case 'drop-references': {
        const ownerReferences = (metadata.ownerReferences ?? []).filter(
          (reference) => !action.uids.includes(reference.uid),
        );
        await client.patch(type, name, namespace, 'merge', { metadata: { uid, resourceVersion, ownerReferences } });
        return;
      }
      case 'orphan-dependents':
        await this.#orphan(uid, action.dependents);
    }
  }

  /** Makes the object's references stop blocking their owners. Gives its new resourceVersion. */
  async #unblockOwners({ type, metadata }: GraphNode): Promise<string> {
    const { name, namespace, uid, resourceVersion } = metadata;
    const ownerReferences = metadata.ownerReferences?.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
    const body = { metadata: { uid, resourceVersion, ownerReferences } };
    const written = await this.#context.client.patch(type, name, namespace, 'merge', body);
    return written.metadata.resourceVersion;
  }

  async #orphan(owner: string, dependents: readonly string[]): Promise<void> {
    for (const uid of dependents) {
      const node = this.#graph.get(uid);
      if (!node) continue;
      const ownerReferences = (node.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== owner);
      const { name, namespace, resourceVersion } = node.metadata;
      await this.#context.client
        .patch(node.type, name, namespace, 'merge', { metadata: { uid, resourceVersion, ownerReferences } })
        .catch((error: unknown) => {
          // A dependent that changed meanwhile is tried again below, in its new state.
          if (!isNotFound(error) && !isConflict(error)) throw error;
        });
    }
    // The graph hears of it by watch; when nobody depends on the owner any more its finalizer goes.
    this.#loop?.enqueueAfter(owner, 100);
  }
}

/** References reach within a namespace or to cluster-scoped owners; a uid alone does not make an owner. */
function isSameOwner(owner: GraphNode, reference: OwnerReference, dependent: GraphNode): boolean {
  if (owner.type.kind !== reference.kind || owner.metadata.name !== reference.name) return false;
  return !owner.metadata.namespace || owner.metadata.namespace === dependent.metadata.namespace;
}
