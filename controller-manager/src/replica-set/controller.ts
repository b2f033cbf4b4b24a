/** Carries replica plans out: claims pods, creates, deletes, writes the status. */

import type { ResourceType } from '@kubelab/api/resource';
import { pods as podType } from '@kubelab/api/resource-types';
import type { Pod, PodTemplateSpec } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { Selector } from '@kubelab/apimachinery/labels';
import { controllerOf, type KubeObject, objectKey } from '@kubelab/apimachinery/meta';
import type { Informer } from '@kubelab/client/informer';
import { timestamp } from '@kubelab/component/clock';
import { Expectations } from '@kubelab/controller/expectations';
import type { Controller } from '@kubelab/controller/loop';
import { controllerKey } from '@kubelab/controller/owner';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { createLoop, type ManagerContext, type Runnable } from '../manager/context.js';
import { claimPods } from '../pods/adoption.js';
import { createPodControl, isNamespaceTerminating, type PodControl } from '../pods/pod-control.js';
import { isPodActive } from '../pods/pod-state.js';
import { SlowStartError, slowStart } from '../pods/slow-start.js';
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
  readonly #podControl: PodControl;

  constructor(context: ManagerContext, kind: ReplicaKind<T>) {
    this.#context = context;
    this.#kind = kind;
    this.#objects = context.informers.of(kind.type);
    this.#pods = context.informers.of(podType);
    this.#expectations = new Expectations({ clock: context.clock });
    this.#podControl = createPodControl(context);
  }

  feed(loop: Controller): void {
    const { kind } = this.#kind.type;
    this.#objects.addHandlers({
      onAdd: (object) => loop.enqueue(objectKey(object)),
      onUpdate: (_old, object) => loop.enqueue(objectKey(object)),
      onDelete: (object) => {
        this.#expectations.forget(objectKey(object));
        loop.enqueue(objectKey(object));
      },
    });
    const enqueueOwner = (pod: Pod, observed: (key: string) => void): void => {
      const key = controllerKey(pod, kind);
      if (key !== undefined) {
        observed(key);
        loop.enqueue(key);
      } else if (!controllerOf(pod)) {
        for (const object of this.#objects.list(pod.metadata.namespace)) {
          if (this.#kind.selector(object).matches(pod.metadata.labels)) loop.enqueue(objectKey(object));
        }
      }
    };
    this.#pods.addHandlers({
      onAdd: (pod) =>
        enqueueOwner(pod, (key) =>
          pod.metadata.deletionTimestamp ? this.#sawDeletion(key, pod) : this.#expectations.creationObserved(key),
        ),
      onUpdate: (old, pod) => {
        const before = controllerKey(old, kind);
        if (before !== undefined && before !== controllerKey(pod, kind)) loop.enqueue(before);
        enqueueOwner(pod, (key) => pod.metadata.deletionTimestamp && this.#sawDeletion(key, pod));
      },
      onDelete: (pod) => enqueueOwner(pod, (key) => this.#sawDeletion(key, pod)),
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
    let failure: ReplicaFailure | undefined;
    if (object.metadata.deletionTimestamp === undefined && this.#expectations.satisfied(key)) {
      const plan = planReplicas(facts, owned, this.#related(object, candidates), clock.now());
      failure = await this.#apply(key, object, plan);
    }
    await this.#writeStatus(object, facts, owned, failure);
    if (failure && !isNamespaceTerminating(failure.error)) throw failure.error;
    const wait = untilNextAvailable(facts, owned, clock.now());
    return wait === undefined ? {} : { requeueAfterMs: wait };
  }

  #sawDeletion(key: string, pod: Pod): void {
    this.#expectations.deletionObserved(key, objectKey(pod));
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
  async #apply(key: string, object: T, plan: ReplicaPlan): Promise<ReplicaFailure | undefined> {
    const template = this.#kind.template(object);
    if (plan.create > 0 && template) {
      this.#expectations.expectCreations(key, plan.create);
      try {
        await slowStart(plan.create, async () => void (await this.#podControl.create(object, template)));
      } catch (error) {
        const made = error instanceof SlowStartError ? error.succeeded : 0;
        for (let missing = plan.create - made; missing > 0; missing--) this.#expectations.creationObserved(key);
        return { reason: 'FailedCreate', error: error instanceof SlowStartError ? error.cause : error };
      }
    }
    for (const pod of plan.delete) this.#expectations.expectDeletion(key, objectKey(pod));
    const results = await Promise.allSettled(plan.delete.map((pod) => this.#delete(key, object, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    return failed && { reason: 'FailedDelete', error: failed.reason };
  }

  async #delete(key: string, object: T, pod: Pod): Promise<void> {
    try {
      if (!(await this.#podControl.delete(object, pod))) this.#sawDeletion(key, pod);
    } catch (error) {
      this.#sawDeletion(key, pod);
      throw error;
    }
  }

  async #writeStatus(
    object: T,
    facts: ReplicaFacts,
    owned: readonly Pod[],
    failure: ReplicaFailure | undefined,
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
    if (deepEqual(status, object.status ?? {})) return;
    await client.updateStatus(this.#kind.type, { ...object, status });
  }
}

/** Zero counts are left out, as Go's omitempty does, but for `replicas`. */
function dropZeros(status: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(status).filter(([name, value]) => value !== 0 || name === 'replicas'));
}

interface ReplicaFailure {
  reason: 'FailedCreate' | 'FailedDelete';
  error: unknown;
}

/** A failure that is told already is not told again with every new message. */
function failureConditions(object: ReplicaObject, failure: ReplicaFailure | undefined, now: string) {
  const conditions = object.status?.conditions ?? [];
  if (!failure) return conditions.filter(({ type }) => type !== 'ReplicaFailure');
  if (conditions.some(({ type }) => type === 'ReplicaFailure')) return conditions;
  const { reason, error } = failure;
  const message = error instanceof Error ? error.message : String(error);
  return [...conditions, { type: 'ReplicaFailure', status: 'True', reason, message, lastTransitionTime: now }];
}
