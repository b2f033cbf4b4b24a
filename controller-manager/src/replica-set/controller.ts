/** Carries replica plans out: claims pods, creates, deletes, writes the status. */

import type { ResourceType } from '@kubelab/api/resource';
import { pods as podType } from '@kubelab/api/resource-types';
import type { Pod, PodTemplateSpec } from '@kubelab/api/types';
import type { Selector } from '@kubelab/apimachinery/labels';
import { controllerOf, type KubeObject, objectKey } from '@kubelab/apimachinery/meta';
import type { Informer } from '@kubelab/client/informer';
import { timestamp } from '@kubelab/component/clock';
import { Expectations } from '@kubelab/controller/expectations';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { sameStatus } from '@kubelab/controller/same-status';
import { createLoop, type ManagerContext, type Runnable } from '../manager/context.js';
import { claimPods } from '../pods/adoption.js';
import { PodBatch, type PodFailure } from '../pods/pod-batch.js';
import { createPodControl, isNamespaceTerminating } from '../pods/pod-control.js';
import { feedPods } from '../pods/pod-feed.js';
import { isPodActive } from '../pods/pod-state.js';
import { countReplicas, planReplicas, type ReplicaFacts, type ReplicaPlan, untilNextAvailable } from './plan.js';

interface ReplicaObject extends KubeObject {
  status?: {
    replicas?: number;
    observedGeneration?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
  };
}

export interface ReplicaKind<T extends ReplicaObject> {
  type: ResourceType<T>;
  selector(object: T): Selector;
  template(object: T): PodTemplateSpec | undefined;
  facts(object: T): ReplicaFacts;
}

export function createReplicaRunnable<T extends ReplicaObject>(
  context: ManagerContext,
  name: string,
  kind: ReplicaKind<T>,
): Runnable {
  const reconciler = new ReplicaReconciler(context, kind);
  const loop = createLoop(context, name, reconciler);
  reconciler.feed(loop);
  return loop;
}

class ReplicaReconciler<T extends ReplicaObject> implements Reconciler {
  readonly #context: ManagerContext;
  readonly #kind: ReplicaKind<T>;
  readonly #objects: Informer<T>;
  readonly #pods: Informer<Pod>;
  readonly #expectations: Expectations;
  readonly #batch: PodBatch;

  constructor(context: ManagerContext, kind: ReplicaKind<T>) {
    this.#context = context;
    this.#kind = kind;
    this.#objects = context.informers.of(kind.type);
    this.#pods = context.informers.of(podType);
    this.#expectations = new Expectations({ clock: context.clock });
    this.#batch = new PodBatch({ expectations: this.#expectations, podControl: createPodControl(context) });
  }

  feed(loop: Controller): void {
    this.#objects.addHandlers({
      onAdd: (object) => loop.enqueue(objectKey(object)),
      onUpdate: (_old, object) => loop.enqueue(objectKey(object)),
      onDelete: (object) => {
        this.#expectations.forget(objectKey(object));
        loop.enqueue(objectKey(object));
      },
    });
    feedPods({
      loop,
      pods: this.#pods,
      kind: this.#kind.type.kind,
      expectations: this.#expectations,
      candidates: (pod) =>
        this.#objects
          .list(pod.metadata.namespace)
          .filter((object) => this.#kind.selector(object).matches(pod.metadata.labels))
          .map(objectKey),
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const object = this.#objects.get(key);
    if (!object) return {};
    const { clock, client } = this.#context;
    const facts = this.#kind.facts(object);
    const candidates = this.#pods.list(object.metadata.namespace);
    const owned = await claimPods(
      client,
      { type: this.#kind.type, object },
      this.#kind.selector(object),
      candidates.filter(isPodActive),
    );
    let failure: PodFailure | undefined;
    if (object.metadata.deletionTimestamp === undefined && this.#expectations.satisfied(key)) {
      const plan = planReplicas(facts, owned, this.#related(object, candidates), clock.now());
      failure = await this.#apply(key, object, plan);
    }
    await this.#writeStatus(object, facts, owned, failure);
    if (failure && !isNamespaceTerminating(failure.error)) throw failure.error;
    const wait = untilNextAvailable(facts, owned, clock.now());
    return wait === undefined ? {} : { requeueAfterMs: wait };
  }

  /** Active pods of all objects that have the same controller (the ReplicaSets of one Deployment). */
  #related(object: T, candidates: readonly Pod[]): Pod[] {
    const owner = controllerOf(object)?.uid;
    const siblings =
      owner === undefined
        ? [object]
        : this.#objects.list(object.metadata.namespace).filter((other) => controllerOf(other)?.uid === owner);
    const uids = new Set(siblings.map(({ metadata }) => metadata.uid));
    return candidates.filter((pod) => isPodActive(pod) && uids.has(controllerOf(pod)?.uid ?? ''));
  }

  /** Returns what went wrong, so that the status can tell it before the retry. */
  async #apply(key: string, object: T, plan: ReplicaPlan): Promise<PodFailure | undefined> {
    const template = this.#kind.template(object);
    if (plan.create > 0 && template) {
      const { failure } = await this.#batch.create(key, plan.create, (podControl) =>
        podControl.create(object, template),
      );
      return failure;
    }
    return this.#batch.delete(key, object, plan.delete);
  }

  async #writeStatus(
    object: T,
    facts: ReplicaFacts,
    owned: readonly Pod[],
    failure: PodFailure | undefined,
  ): Promise<void> {
    const { clock, client } = this.#context;
    const { terminatingReplicas: _terminating, ...counts } = countReplicas(facts, owned, clock.now());
    const conditions = failureConditions(object, failure, timestamp(clock));
    const { generation } = object.metadata;
    const status = dropZeros({
      ...counts,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      ...(conditions.length > 0 ? { conditions } : {}),
    });
    if (sameStatus(status, object.status)) return;
    await client.updateStatus(this.#kind.type, { ...object, status });
  }
}

/** Zero counts are left out, as Go's omitempty does, but for `replicas`. */
function dropZeros(status: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(status).filter(([name, value]) => value !== 0 || name === 'replicas'));
}

/** A failure that is told already is not told again with every new message. */
function failureConditions(object: ReplicaObject, failure: PodFailure | undefined, now: string) {
  const conditions = object.status?.conditions ?? [];
  if (!failure) return conditions.filter(({ type }) => type !== 'ReplicaFailure');
  if (conditions.some(({ type }) => type === 'ReplicaFailure')) return conditions;
  const { reason, error } = failure;
  const message = error instanceof Error ? error.message : String(error);
  return [...conditions, { type: 'ReplicaFailure', status: 'True', reason, message, lastTransitionTime: now }];
}
