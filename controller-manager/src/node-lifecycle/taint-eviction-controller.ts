/** Deletes pods from nodes with NoExecute taints once they no longer tolerate them. */

import { nodes as nodeType, pods as podType } from '@kubelab/api/resource-types';
import type { Node, Pod } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import { timestamp } from '@kubelab/component/clock';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { planEviction } from './taint-eviction-plan.js';

export const taintEvictionController: ControllerDefinition = {
  name: 'taint-eviction-controller',
  serviceAccount: 'node-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new TaintEviction(context);
    const loop = createLoop(context, 'taint_eviction', reconciler);
    reconciler.feed(loop);
    return loop;
  },
};

class TaintEviction implements Reconciler {
  readonly #context: ManagerContext;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  /** Pods waiting for their eviction, and since when. */
  readonly #waiting = new Map<string, { uid: string; since: number }>();

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#pods = context.informers.of(podType);
    this.#nodes = context.informers.of(nodeType);
    this.#pods.addIndex('assigned-node', (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  }

  feed(loop: Controller): void {
    const enqueue = (pod: Pod): void => loop.enqueue(objectKey(pod));
    this.#pods.addHandlers({ onAdd: enqueue, onUpdate: (_old, pod) => enqueue(pod), onDelete: enqueue });
    const enqueueAll = (node: Node): void => {
      for (const pod of this.#pods.byIndex('assigned-node', node.metadata.name)) enqueue(pod);
    };
    this.#nodes.addHandlers({
      onAdd: enqueueAll,
      onUpdate: (old, node) => {
        if (JSON.stringify(old.spec.taints) !== JSON.stringify(node.spec.taints)) enqueueAll(node);
      },
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const pod = this.#pods.get(key);
    const taints = (pod?.spec.nodeName && this.#nodes.get(pod.spec.nodeName)?.spec.taints) || [];
    if (!pod || pod.metadata.deletionTimestamp || !taints.some(({ effect }) => effect === 'NoExecute')) {
      this.#cancel(key, pod);
      return {};
    }
    const now = this.#context.clock.now();
    const known = this.#waiting.get(key);
    const since = known?.uid === pod.metadata.uid ? known.since : now;
    const eviction = planEviction(pod, taints, since);
    if (eviction.stay) {
      this.#cancel(key, pod);
      return {};
    }
    this.#waiting.set(key, { uid: pod.metadata.uid, since });
    if (eviction.at > now) return { requeueAfterMs: eviction.at - now };
    await this.#evict(pod);
    this.#waiting.delete(key);
    return {};
  }

  #cancel(key: string, pod: Pod | undefined): void {
    const waiting = this.#waiting.get(key);
    if (!waiting) return;
    this.#waiting.delete(key);
    if (pod?.metadata.uid === waiting.uid && !pod.metadata.deletionTimestamp) {
      this.#context.recorder.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
    }
  }

  async #evict(pod: Pod): Promise<void> {
    const { client, clock, recorder } = this.#context;
    const { name, namespace, uid } = pod.metadata;
    recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: timestamp(clock),
    };
    try {
      await client.patch(
        podType,
        name,
        namespace,
        'strategic',
        { metadata: { uid }, status: { conditions: [condition] } },
        { subresource: 'status' },
      );
      await client.delete(podType, name, namespace, { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
