/** Carries Job plans out. */

import { jobs as jobType, pods as podType } from '@kubelab/api/resource-types';
import type { Job, JobStatus, Pod } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { controllerOf, objectKey } from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import { timestamp } from '@kubelab/component/clock';
import { Expectations } from '@kubelab/controller/expectations';
import type { Controller } from '@kubelab/controller/loop';
import { controllerKey } from '@kubelab/controller/owner';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { sameStatus } from '@kubelab/controller/same-status';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { WrittenVersions } from '../manager/written-versions.js';
import { claimPods } from '../pods/adoption.js';
import { PodBatch, type PodFailure } from '../pods/pod-batch.js';
import { createPodControl, isNamespaceTerminating } from '../pods/pod-control.js';
import { feedPods } from '../pods/pod-feed.js';
import { settle } from './accounting.js';
import { isFinished, withEnding } from './conditions.js';
import { isTracked, trackingFinalizer, withoutTracking } from './job-pods.js';
import { type JobPlan, planJob } from './plan.js';
import { draftJobPod } from './pod-template.js';

export const jobController: ControllerDefinition = {
  name: 'job-controller',
  serviceAccount: 'job-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new JobReconciler(context);
    const loop = createLoop(context, 'job', reconciler);
    reconciler.feed(loop);
    return loop;
  },
};

const ownController = 'kubernetes.io/job-controller';
const podsOfJob = 'job';

class JobReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #expectations: Expectations;
  readonly #batch: PodBatch;
  /** Uids of pods that we released and the cache still shows as tracked: they must not be counted again. */
  readonly #released = new Set<string>();
  readonly #written = new WrittenVersions();

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#jobs = context.informers.of(jobType);
    this.#pods = context.informers.of(podType);
    this.#pods.addIndex(podsOfJob, (pod) => {
      const key = controllerKey(pod, 'Job');
      return key === undefined ? [] : [key];
    });
    this.#expectations = new Expectations({ clock: context.clock });
    this.#batch = new PodBatch({ expectations: this.#expectations, podControl: createPodControl(context) });
  }

  feed(loop: Controller): void {
    const enqueue = (job: Job): void => loop.enqueue(objectKey(job));
    this.#jobs.addHandlers({ onAdd: enqueue, onUpdate: (_old, job) => enqueue(job), onDelete: enqueue });
    const forget = ({ metadata }: Pod): boolean => this.#released.delete(metadata.uid);
    this.#pods.addHandlers({ onUpdate: (_old, pod) => !isTracked(pod) && forget(pod), onDelete: forget });
    feedPods({
      loop,
      pods: this.#pods,
      kind: 'Job',
      expectations: this.#expectations,
      candidates: (pod) =>
        this.#jobs
          .list(pod.metadata.namespace)
          .filter(({ spec }) => selectorFromLabelSelector(spec.selector).matches(pod.metadata.labels))
          .map(objectKey),
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const job = this.#jobs.get(key);
    await this.#releaseOrphans(key, job);
    if (!job) {
      this.#expectations.forget(key);
      this.#written.forget(key);
      return {};
    }
    // The counts in an outdated Job would have pods made that are not needed. The newer one is on its way.
    if (this.#written.isOutdated(job)) return {};
    if (isFinished(job) || (job.spec.managedBy ?? ownController) !== ownController) return {};
    const { client, clock } = this.#context;
    const settled = this.#expectations.satisfied(key);
    const selector = selectorFromLabelSelector(job.spec.selector);
    const candidates = this.#pods.list(job.metadata.namespace);
    const claimed = await claimPods(client, { type: jobType, object: job }, selector, candidates);
    const pods = claimed.map((pod) => (this.#released.has(pod.metadata.uid) ? withoutTracking(pod) : pod));
    const plan = planJob({ job, pods, settled, nowMs: clock.now() });
    const failure = await this.#changePods(key, job, plan);
    await this.#track(job, pods, plan);
    if (failure && !isNamespaceTerminating(failure.error)) throw failure.error;
    return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
  }

  /** Pods of a Job that is gone or done need not be counted any more; without this they could not go. */
  async #releaseOrphans(key: string, job: Job | undefined): Promise<void> {
    for (const pod of this.#pods.byIndex(podsOfJob, key)) {
      const orphaned = !job || controllerOf(pod)?.uid !== job.metadata.uid || isFinished(job);
      if (orphaned && isTracked(pod)) await this.#release(pod);
    }
  }

  async #changePods(key: string, job: Job, plan: JobPlan): Promise<PodFailure | undefined> {
    // What goes because it is too much is no failure: its finalizer goes first, so that nobody counts it.
    if (plan.uncountedDeletion) for (const pod of plan.delete) await this.#release(pod);
    const deletion = await this.#batch.delete(key, job, plan.delete);
    if (deletion) return deletion;
    const { failure, made } = await this.#batch.create(key, plan.create.length, (podControl, index) =>
      podControl.create(job, job.spec.template, (pod) =>
        Object.assign(pod, draftJobPod(job, plan.create[index] ?? {})),
      ),
    );
    if (failure) {
      const active = (plan.status.active ?? 0) - (plan.create.length - made);
      if (active > 0) plan.status.active = active;
      else delete plan.status.active;
    }
    return failure;
  }

  /** Note, release, count, and end: each step is written before the next, so that a crash in between loses nothing. */
  async #track(job: Job, pods: readonly Pod[], plan: JobPlan): Promise<void> {
    const { clock } = this.#context;
    const interim = plan.ending
      ? { conditions: withEnding(plan.status.conditions ?? [], plan.ending, { final: false, now: timestamp(clock) }) }
      : {};
    let current = await this.#writeStatus(job, { ...plan.status, ...interim });
    this.#tellSuspension(job, plan);
    const { released, failure } = await this.#releaseAll(plan.release);
    const held = new Set(
      pods.filter((pod) => isTracked(pod) && !released.has(pod.metadata.uid)).map(({ metadata }) => metadata.uid),
    );
    const counted = settle(current.status ?? {}, held);
    const { succeeded = [], failed = [] } = counted.uncountedTerminatedPods ?? {};
    const done = plan.ending !== undefined && plan.mayEnd && succeeded.length + failed.length === 0;
    current = await this.#writeStatus(current, done ? this.#ended(plan, counted) : counted);
    if (done) this.#tellEnding(current, plan);
    if (failure !== undefined) throw failure;
  }

  #ended({ ending }: JobPlan, status: JobStatus): JobStatus {
    const now = timestamp(this.#context.clock);
    if (!ending) return status;
    const { active: _none, ...rest } = status;
    return {
      ...rest,
      conditions: withEnding(status.conditions ?? [], ending, { final: true, now }),
      ...(ending.type === 'Complete' ? { completionTime: now } : {}),
    };
  }

  #tellSuspension(job: Job, { suspension }: JobPlan): void {
    if (suspension) this.#context.recorder.event(job, 'Normal', suspension, `Job ${suspension.toLowerCase()}`);
  }

  #tellEnding(job: Job, { ending }: JobPlan): void {
    const { recorder } = this.#context;
    if (ending?.type === 'Complete') recorder.event(job, 'Normal', 'Completed', 'Job completed');
    else if (ending) recorder.event(job, 'Warning', ending.reason, ending.message);
  }

  async #releaseAll(pods: readonly Pod[]): Promise<{ released: Set<string>; failure: unknown }> {
    const results = await Promise.allSettled(pods.map((pod) => this.#release(pod)));
    const released = pods.filter((_pod, index) => results[index]?.status === 'fulfilled');
    const failure = results.find((result) => result.status === 'rejected')?.reason;
    return { released: new Set(released.map(({ metadata }) => metadata.uid)), failure };
  }

  async #release(pod: Pod): Promise<void> {
    if (!isTracked(pod) || this.#released.has(pod.metadata.uid)) return;
    const { name, namespace, uid } = pod.metadata;
    const patch = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
    try {
      this.#released.add(uid);
      await this.#context.client.patch(podType, name, namespace, 'strategic', patch);
    } catch (error) {
      // Gone, or another pod has the name now: nothing of it is left to count.
      if (isNotFound(error) || isConflict(error)) return;
      this.#released.delete(uid);
      throw error;
    }
  }

  async #writeStatus(job: Job, status: JobStatus): Promise<Job> {
    if (sameStatus(status, job.status)) return job;
    const written = await this.#context.client.updateStatus(jobType, { ...job, status });
    this.#written.note(job, written);
    return written;
  }
}
