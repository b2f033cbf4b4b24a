/** Carries DaemonSet plans out. */

import { daemonSets, nodes as nodeType, pods as podType } from '@kubelab/api/resource-types';
import type { ControllerRevision, DaemonSet, Node, Pod } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { isBeingDeleted, objectKey } from '@kubelab/apimachinery/meta';
import type { Informer } from '@kubelab/client/informer';
import { Expectations } from '@kubelab/controller/expectations';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { sameStatus } from '@kubelab/controller/same-status';
import { RevisionCollision, RevisionStore } from '../history/revision-store.js';
import { revisionLabel } from '../history/revisions.js';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { claimPods } from '../pods/adoption.js';
import { PodBatch, type PodFailure } from '../pods/pod-batch.js';
import { createPodControl, isNamespaceTerminating } from '../pods/pod-control.js';
import { feedPods } from '../pods/pod-feed.js';
import { FailureBackOff } from './failure-back-off.js';
import { burst, type DaemonPlan, planDaemons } from './plan.js';
import { daemonTemplate } from './pod-template.js';
import { planRollout } from './rollout.js';
import { daemonStatus, untilNextAvailable } from './status.js';

export const daemonSetController: ControllerDefinition = {
  name: 'daemonset-controller',
  serviceAccount: 'daemon-set-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new DaemonSetReconciler(context);
    const loop = createLoop(context, 'daemonset', reconciler);
    reconciler.feed(loop);
    return loop;
  },
};

class DaemonSetReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #daemonSets: Informer<DaemonSet>;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #revisions: RevisionStore<DaemonSet>;
  readonly #expectations: Expectations;
  readonly #batch: PodBatch;
  readonly #backOff: FailureBackOff;

  constructor(context: ManagerContext) {
    const { informers, clock } = context;
    this.#context = context;
    this.#daemonSets = informers.of(daemonSets);
    this.#nodes = informers.of(nodeType);
    this.#pods = informers.of(podType);
    this.#revisions = new RevisionStore(context, daemonSets, revisionLabel);
    this.#expectations = new Expectations({ clock });
    this.#batch = new PodBatch({ expectations: this.#expectations, podControl: createPodControl(context) });
    this.#backOff = new FailureBackOff({ clock });
  }

  feed(loop: Controller): void {
    const enqueue = (daemonSet: DaemonSet): void => loop.enqueue(objectKey(daemonSet));
    this.#daemonSets.addHandlers({
      onAdd: enqueue,
      onUpdate: (_old, daemonSet) => enqueue(daemonSet),
      onDelete: (daemonSet) => {
        this.#expectations.forget(objectKey(daemonSet));
        enqueue(daemonSet);
      },
    });
    const enqueueAll = (): void => this.#daemonSets.list().forEach(enqueue);
    this.#nodes.addHandlers({
      onAdd: enqueueAll,
      onUpdate: (old, node) => {
        if (!deepEqual(placement(old), placement(node))) enqueueAll();
      },
      onDelete: enqueueAll,
    });
    feedPods({
      loop,
      pods: this.#pods,
      kind: 'DaemonSet',
      expectations: this.#expectations,
      candidates: (pod) =>
        this.#daemonSets
          .list(pod.metadata.namespace)
          .filter(({ spec }) => selectorFromLabelSelector(spec.selector).matches(pod.metadata.labels))
          .map(objectKey),
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const daemonSet = this.#daemonSets.get(key);
    if (!daemonSet || isBeingDeleted(daemonSet)) return {};
    const history = await this.#revisions.sync(daemonSet).catch((error: unknown) => {
      if (error instanceof RevisionCollision) return error;
      throw error;
    });
    if (history instanceof RevisionCollision) {
      const { collisionCount } = history;
      await this.#writeStatus(daemonSet, [], '', collisionCount);
      return {};
    }
    const hash = history.current.metadata.labels?.[revisionLabel] ?? '';
    const pods = await this.#claim(daemonSet);
    let wait: number | undefined;
    let failure: PodFailure | undefined;
    if (this.#expectations.satisfied(key)) {
      ({ failure, wait } = await this.#manage(key, daemonSet, pods, hash));
      if (!failure && this.#expectations.satisfied(key)) failure = await this.#rollOut(key, daemonSet, pods, hash);
      if (!failure) await this.#truncate(daemonSet, pods, history.old);
    }
    await this.#writeStatus(daemonSet, pods, hash);
    if (failure && !isNamespaceTerminating(failure.error)) throw failure.error;
    const times = [wait, untilNextAvailable(daemonSet, pods, this.#context.clock.now())].filter(
      (ms) => ms !== undefined,
    );
    return times.length > 0 ? { requeueAfterMs: Math.min(...times) } : {};
  }

  #claim(daemonSet: DaemonSet): Promise<Pod[]> {
    const selector = selectorFromLabelSelector(daemonSet.spec.selector);
    const candidates = this.#pods.list(daemonSet.metadata.namespace);
    return claimPods(this.#context.client, { type: daemonSets, object: daemonSet }, selector, candidates);
  }

  async #manage(key: string, daemonSet: DaemonSet, pods: readonly Pod[], hash: string) {
    const { clock } = this.#context;
    const plan = planDaemons({ daemonSet, nodes: this.#nodes.list(), pods, hash, nowMs: clock.now() });
    const { replace, wait } = this.#dueReplacements(daemonSet, plan);
    const failure = await this.#apply(
      key,
      daemonSet,
      { create: plan.create, delete: [...plan.delete, ...replace] },
      hash,
    );
    return { failure, wait };
  }

  /** Pods that ended make room for new ones: those that failed not faster than their back-off allows. */
  #dueReplacements(daemonSet: DaemonSet, { ended }: DaemonPlan): { replace: Pod[]; wait: number | undefined } {
    const { recorder } = this.#context;
    const replace: Pod[] = [];
    let wait: number | undefined;
    for (const { pod, node } of ended) {
      const where = `daemon pod ${objectKey(pod)} on node ${node}`;
      const failed = pod.status?.phase === 'Failed';
      const left = failed
        ? this.#backOff.take(`${daemonSet.metadata.uid}/${daemonSet.metadata.generation}/${node}`)
        : 0;
      if (left > 0) {
        wait = Math.min(wait ?? left, left);
        continue;
      }
      if (failed) recorder.event(daemonSet, 'Warning', 'FailedDaemonPod', `Found failed ${where}, will try to kill it`);
      else recorder.event(daemonSet, 'Normal', 'SucceededDaemonPod', `Found succeeded ${where}, will try to delete it`);
      replace.push(pod);
    }
    return { replace, wait };
  }

  #rollOut(key: string, daemonSet: DaemonSet, pods: readonly Pod[], hash: string): Promise<PodFailure | undefined> {
    const { clock } = this.#context;
    const plan = planRollout({ daemonSet, nodes: this.#nodes.list(), pods, hash, nowMs: clock.now() });
    return this.#apply(key, daemonSet, plan, hash);
  }

  async #apply(
    key: string,
    daemonSet: DaemonSet,
    plan: { create: readonly string[]; delete: readonly Pod[] },
    hash: string,
  ): Promise<PodFailure | undefined> {
    const nodes = plan.create.slice(0, burst);
    const [{ failure }, deletion] = await Promise.all([
      this.#batch.create(key, nodes.length, (podControl, index) =>
        podControl.create(daemonSet, daemonTemplate(daemonSet, hash, nodes[index] ?? '')),
      ),
      this.#batch.delete(key, daemonSet, plan.delete.slice(0, burst)),
    ]);
    return failure ?? deletion;
  }

  async #truncate(daemonSet: DaemonSet, pods: readonly Pod[], old: readonly ControllerRevision[]): Promise<void> {
    const used = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionLabel]));
    await this.#revisions.truncate(daemonSet, old, ({ metadata }) => used.has(metadata.labels?.[revisionLabel]));
  }

  async #writeStatus(daemonSet: DaemonSet, pods: readonly Pod[], hash: string, collisionCount?: number): Promise<void> {
    const { client, clock } = this.#context;
    const status =
      collisionCount === undefined
        ? daemonStatus({ daemonSet, nodes: this.#nodes.list(), pods, hash, nowMs: clock.now() })
        : { ...emptyStatus, ...daemonSet.status, collisionCount };
    if (sameStatus(status, daemonSet.status)) return;
    await client.updateStatus(daemonSets, { ...daemonSet, status });
  }
}

const emptyStatus = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };

/** All of a node that decides about daemons. */
function placement({ metadata, spec }: Node): unknown {
  return [metadata.labels ?? {}, spec.taints ?? [], spec.unschedulable ?? false];
}
