/** Carries StatefulSet plans out. */

import { pods as podType, statefulSets } from '@kubelab/api/resource-types';
import type { ControllerRevision, Pod, StatefulSet } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { isBeingDeleted, objectKey } from '@kubelab/apimachinery/meta';
import { isAlreadyExists, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import { Expectations } from '@kubelab/controller/expectations';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { sameStatus } from '@kubelab/controller/same-status';
import { RevisionCollision, RevisionStore } from '../history/revision-store.js';
import { hashLabel, templateOf } from '../history/revisions.js';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { claimPods } from '../pods/adoption.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';
import { feedPods } from '../pods/pod-feed.js';
import { StatefulClaims } from './claims.js';
import { planStatefulSet, type StatefulFacts, type StatefulStep } from './plan.js';
import { revisionOf } from './pod-health.js';
import { draftPod, ordinalOf, podName, type Versioned, withIdentity } from './pod-template.js';
import { statefulStatus, untilNextAvailable } from './status.js';

export const statefulSetController: ControllerDefinition = {
  name: 'statefulset-controller',
  serviceAccount: 'statefulset-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new StatefulSetReconciler(context);
    const loop = createLoop(context, 'statefulset', reconciler);
    reconciler.feed(loop);
    return loop;
  },
};

type Versions = Record<'current' | 'update', Versioned>;

class StatefulSetReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: Informer<Pod>;
  readonly #revisions: RevisionStore<StatefulSet>;
  readonly #claims: StatefulClaims;
  readonly #expectations: Expectations;

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#sets = context.informers.of(statefulSets);
    this.#pods = context.informers.of(podType);
    this.#revisions = new RevisionStore(context, statefulSets, hashLabel);
    this.#claims = new StatefulClaims(context);
    this.#expectations = new Expectations({ clock: context.clock });
  }

  feed(loop: Controller): void {
    const enqueue = (set: StatefulSet): void => loop.enqueue(objectKey(set));
    this.#sets.addHandlers({ onAdd: enqueue, onUpdate: (_old, set) => enqueue(set), onDelete: enqueue });
    feedPods({
      loop,
      pods: this.#pods,
      kind: 'StatefulSet',
      expectations: this.#expectations,
      candidates: (pod) =>
        this.#sets
          .list(pod.metadata.namespace)
          .filter((set) => ordinalOf(set, pod) >= 0 && selects(set, pod))
          .map(objectKey),
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const set = this.#sets.get(key);
    if (!set) {
      this.#expectations.forget(key);
      return {};
    }
    const history = await this.#revisions.sync(set).catch((error: unknown) => {
      if (error instanceof RevisionCollision) return error;
      throw error;
    });
    if (history instanceof RevisionCollision) {
      const status = { replicas: 0, ...set.status, collisionCount: history.collisionCount };
      await this.#context.client.updateStatus(statefulSets, { ...set, status });
      return {};
    }
    const versions = versionsOf(set, history.current, history.old);
    const facts: StatefulFacts = {
      set,
      pods: await this.#claim(set),
      currentRevision: versions.current.revision,
      updateRevision: versions.update.revision,
      nowMs: this.#context.clock.now(),
    };
    const failure = await this.#work(key, facts, versions);
    await this.#writeStatus(facts);
    if (failure !== undefined && !isNamespaceTerminating(failure)) throw failure;
    await this.#truncate(facts, history.old);
    const wait = untilNextAvailable(facts);
    return wait === undefined ? {} : { requeueAfterMs: wait };
  }

  /** Carries the plan out; returns what went wrong, so that the status can be written before the retry. */
  async #work(key: string, facts: StatefulFacts, versions: Versions): Promise<unknown> {
    if (isBeingDeleted(facts.set) || !this.#expectations.satisfied(key)) return undefined;
    try {
      for (const step of planStatefulSet(facts)) await this.#apply(key, facts.set, step, versions);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #claim(set: StatefulSet): Promise<Pod[]> {
    const candidates = this.#pods.list(set.metadata.namespace).filter((pod) => ordinalOf(set, pod) >= 0);
    const selector = selectorFromLabelSelector(set.spec.selector);
    return claimPods(this.#context.client, { type: statefulSets, object: set }, selector, candidates);
  }

  async #apply(key: string, set: StatefulSet, step: StatefulStep, versions: Versions): Promise<void> {
    switch (step.action) {
      case 'create':
        return this.#create(key, set, step.ordinal, versions[step.revision]);
      case 'delete':
        return this.#delete(key, set, step.pod, step.ordinal);
      case 'keep':
        return this.#keep(set, step.pod, step.ordinal);
    }
  }

  async #create(key: string, set: StatefulSet, ordinal: number, version: Versioned): Promise<void> {
    await this.#claims.ensure(set, ordinal);
    const { client } = this.#context;
    this.#expectations.expectCreations(key, 1);
    try {
      await client.create(podType, draftPod(set, ordinal, version));
      this.#tell(set, 'create', ordinal);
    } catch (error) {
      this.#expectations.creationObserved(key);
      // Its predecessor is not gone from the server yet, or our own is not in the cache yet: its event brings us back.
      if (isAlreadyExists(error)) return;
      if (!isNamespaceTerminating(error)) this.#tell(set, 'create', ordinal, error);
      throw error;
    }
  }

  async #delete(key: string, set: StatefulSet, pod: Pod, ordinal: number): Promise<void> {
    const { client } = this.#context;
    const { name, namespace, uid } = pod.metadata;
    await this.#claims.own(set, pod, ordinal, isBeyond(set, ordinal));
    this.#expectations.expectDeletion(key, objectKey(pod));
    try {
      await client.delete(podType, name, namespace, { preconditions: { uid } });
      this.#tell(set, 'delete', ordinal);
    } catch (error) {
      this.#expectations.deletionObserved(key, objectKey(pod));
      if (isNotFound(error)) return;
      this.#tell(set, 'delete', ordinal, error);
      throw error;
    }
  }

  async #keep(set: StatefulSet, pod: Pod, ordinal: number): Promise<void> {
    if (pod.status?.phase === 'Pending') await this.#claims.ensure(set, ordinal);
    await this.#claims.own(set, pod, ordinal, false);
    const named = withIdentity(set, pod);
    if (!named) return;
    await this.#context.client.update(podType, named);
    this.#tell(set, 'update', ordinal);
  }

  #tell(set: StatefulSet, verb: 'create' | 'delete' | 'update', ordinal: number, error?: unknown): void {
    const what = `${verb} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
    const reason = verb[0]?.toUpperCase() + verb.slice(1);
    const { recorder } = this.#context;
    if (error === undefined) recorder.event(set, 'Normal', `Successful${reason}`, `${what} successful`);
    else {
      const why = error instanceof Error ? error.message : String(error);
      recorder.event(set, 'Warning', `Failed${reason}`, `${what} failed error: ${why}`);
    }
  }

  async #truncate({ set, pods, ...facts }: StatefulFacts, old: readonly ControllerRevision[]): Promise<void> {
    const used = new Set([facts.currentRevision, facts.updateRevision, ...pods.map(revisionOf)]);
    await this.#revisions.truncate(set, old, ({ metadata }) => used.has(metadata.name));
  }

  async #writeStatus(facts: StatefulFacts): Promise<void> {
    const status = statefulStatus(facts);
    if (sameStatus(status, facts.set.status)) return;
    await this.#context.client.updateStatus(statefulSets, { ...facts.set, status });
  }
}

/** The revision that the status calls current, or the update's when it is not known any more. */
function versionsOf(set: StatefulSet, update: ControllerRevision, old: readonly ControllerRevision[]): Versions {
  const current = old.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
  const versioned = (revision: ControllerRevision): Versioned => ({
    template: templateOf(revision) ?? set.spec.template,
    revision: revision.metadata.name,
  });
  return { current: versioned(current), update: { ...versioned(update), template: set.spec.template } };
}

function selects(set: StatefulSet, pod: Pod): boolean {
  return selectorFromLabelSelector(set.spec.selector).matches(pod.metadata.labels);
}

function isBeyond(set: StatefulSet, ordinal: number): boolean {
  const start = set.spec.ordinals?.start ?? 0;
  return ordinal < start || ordinal >= start + (set.spec.replicas ?? 1);
}
