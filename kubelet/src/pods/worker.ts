/**
 * One pod's life on this node. A worker does one thing at a time and always asks what there is to do now, so it may be woken as often as anybody likes.
 * What interrupts a step (a deletion, a shorter grace period) aborts its signal and starts the next step.
 */
import type { Pod, PodStatus } from '@kubelab/api/types';
import type { Logger } from '@kubelab/component/logger';
import type { PodState } from '../runtime/pod-state.js';
import { VolumeError } from '../volumes/volume-error.js';
import type { MountedVolumes } from '../volumes/volume-manager.js';
import { noState, PodApplier } from './apply.js';
import type { Backoff } from './backoff.js';
import { PodCleaner } from './cleaner.js';
import { KillPodError } from './container-killer.js';
import { deadlineOf, deadlineVerdict } from './deadline.js';
import { isEmptyPlan, type PodPlan, planPod } from './plan.js';
import { gracePeriodOf, isTerminalPhase } from './pod.js';
import { PodEnder } from './pod-ender.js';
import { isSameOrder } from './pod-order.js';
import { PodReporter } from './pod-reporter.js';
import { PodResizer } from './pod-resizer.js';
import type { PodServices } from './pod-services.js';
import { PodVolumes } from './pod-volumes.js';
import type { PodVerdict } from './status.js';
import { StepLoop } from './step-loop.js';

export interface PodWorkerOptions {
  services: PodServices;
  backoff: Backoff;
  signal: AbortSignal;
  /** Nothing of the pod is left, neither here nor in the API. */
  onGone(uid: string): void;
  /** Other pods with a place on this node. */
  others(): Pod[];
}

/** The pod cannot start yet for a reason that is not its own. */
class PodNotReadyError extends Error {
  override readonly name = 'PodNotReadyError';
}

const resyncMs = 60_000;

export class PodWorker {
  readonly #options: PodWorkerOptions;
  readonly #services: PodServices;
  readonly #loop: StepLoop;
  readonly #applier: PodApplier;
  readonly #cleaner: PodCleaner;
  readonly #ender: PodEnder;
  readonly #resizer: PodResizer;
  readonly #volumes: PodVolumes;
  readonly #reporter: PodReporter;
  readonly #logger: Logger;
  #pod: Pod;
  /** The API no longer has the pod. */
  #removed = false;
  #verdict: PodVerdict | undefined;
  /** Nothing will be started any more. */
  #ending = false;
  /** Nothing runs any more. */
  #ended = false;
  /** What ran when its end began: until all of it has ended, only probes have news. */
  #killing: PodState | undefined;
  #cleaned = false;

  constructor(pod: Pod, options: PodWorkerOptions) {
    const { services, signal } = options;
    this.#options = options;
    this.#services = services;
    this.#pod = pod;
    this.#applier = new PodApplier(services, options.backoff);
    this.#cleaner = new PodCleaner(services);
    this.#ender = new PodEnder(services, this.#cleaner);
    this.#resizer = new PodResizer(services, pod.metadata.uid, () => options.others());
    this.#volumes = new PodVolumes(services);
    this.#reporter = new PodReporter(services, this.#resizer);
    const { name, namespace, uid } = pod.metadata;
    this.#logger = services.logger.child({ pod: `${namespace}/${name}`, uid });
    this.#loop = new StepLoop({
      clock: services.clock,
      signal,
      step: (aborted) => this.#step(aborted),
      failed: (error) => this.#reportFailure(error),
    });
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The pod with what the node has promised it, which it may want changed. */
  get promised(): Pod {
    return this.#services.allocations.promised(this.#pod, this.#state());
  }

  /** True when the pod takes nothing from the node any more. */
  get finished(): boolean {
    return this.#ended;
  }

  /** The API has a new version of the pod. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    if (isSameOrder(before, pod)) {
      // Somebody wrote the status, mostly this kubelet: conditions of others may count, but there is nothing new to do.
      if (isTerminalPhase(this.publish()) && !this.#ending) this.wake();
      return;
    }
    this.#volumes.touch();
    const ends = pod.metadata.deletionTimestamp !== undefined && before.metadata.deletionTimestamp === undefined;
    if (ends || gracePeriodOf(pod) < gracePeriodOf(before)) this.#loop.interrupt('pod is being deleted');
    this.wake();
  }

  /** The API no longer has the pod. */
  remove(): void {
    this.#removed = true;
    if (this.#cleaned) {
      this.#options.onGone(this.#pod.metadata.uid);
      return;
    }
    if (!this.#ending) this.#loop.interrupt('pod was deleted');
    this.wake();
  }

  /** The kubelet itself ends the pod: not admitted, evicted, out of time. */
  fail(verdict: PodVerdict): void {
    this.#verdict ??= verdict;
    this.#loop.interrupt(verdict.reason);
    this.wake();
  }

  /** An object that the pod's volumes or variables come from has changed. */
  contentChanged(): void {
    this.#volumes.touch();
    this.wake();
  }

  wake(): void {
    this.#loop.wake();
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#services;
    const startedAt = clock.now();
    try {
      await this.#next(signal);
    } finally {
      metrics.synced(this.#ending ? 'terminate' : 'sync', (clock.now() - startedAt) / 1000);
    }
  }

  /** What is wrong with the pod or its node is told once in a line; the rest is a bug and wants its stack. */
  #reportFailure(error: unknown): void {
    if (error instanceof PodNotReadyError || error instanceof VolumeError)
      this.#logger.info('Pod waits', { why: error.message });
    else this.#logger.warn('Pod sync failed', { error });
  }

  async #next(signal: AbortSignal): Promise<void> {
    if (this.#cleaned) return;
    if (this.#mustEnd()) {
      await this.#end(signal);
      return;
    }
    await this.#sync(signal);
  }

  #mustEnd(): boolean {
    this.#verdict ??= this.#deadline();
    this.#ending ||= this.#removed || this.#pod.metadata.deletionTimestamp !== undefined || this.#verdict !== undefined;
    if (!this.#ending) this.#ending = isTerminalPhase(this.publish());
    return this.#ending;
  }

  #state(): PodState {
    return this.#services.cache.get(this.#pod.metadata.uid) ?? noState(this.#pod);
  }

  /** Tells what is known now. Never waits. */
  publish(): PodStatus {
    return this.#reporter.publish(this.#pod, this.#killing ?? this.#state(), {
      isEnding: this.#ending,
      hasEnded: this.#ended,
      verdict: this.#verdict,
      isWanted: !this.#removed && !this.#cleaned,
    });
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const pod = this.#pod;
    const { state, plan } = await this.#plan();
    if (isEmptyPlan(plan)) {
      if (this.#volumes.isDue()) await this.#mount(signal);
      await this.#cleaner.removeDead(state);
      const resized = await this.#resizer.sync(pod, state, signal).finally(() => this.publish());
      if (resized) this.#loop.again();
      this.#loop.wakeAfter(this.#untilNextLook());
      return;
    }
    if (plan.createSandbox) this.#requireNetwork();
    const volumes = await this.#mount(signal);
    const result = await this.#applier.apply({
      pod: this.#services.allocations.promised(pod, state),
      state,
      plan,
      volumes,
      signal,
      onFailure: (container, failure) => {
        if (this.#reporter.noteFailure(container, failure)) this.publish();
      },
    });
    this.publish();
    if (result.changed) this.#loop.again();
    this.#loop.wakeAfter(Math.min(result.retryAfterMs ?? Number.POSITIVE_INFINITY, this.#untilNextLook()));
  }

  /** Whoever is about to change something looks first: acting on an old view would start things twice. */
  async #plan(): Promise<{ state: PodState; plan: PodPlan }> {
    const { cache, prober } = this.#services;
    const pod = this.#pod;
    const seen = cache.get(pod.metadata.uid);
    const plan = planPod({ pod, state: seen ?? noState(pod), probes: prober });
    if (!seen || isEmptyPlan(plan)) return { state: seen ?? noState(pod), plan };
    const state = (await cache.refresh(pod.metadata.uid)) ?? noState(pod);
    return { state, plan: planPod({ pod, state, probes: prober }) };
  }

  /** Of the pod as it is now: it may have changed since the step began. */
  #mount(signal: AbortSignal): Promise<MountedVolumes> {
    return this.#volumes.mount(this.#pod, this.#state(), signal);
  }

  #requireNetwork(): void {
    const problem = this.#services.node.networkProblem();
    if (problem === undefined || this.#pod.spec.hostNetwork) return;
    const message = `network is not ready: container runtime network not ready: ${problem}`;
    this.#services.events.event(this.#pod, 'Warning', 'NetworkNotReady', message);
    throw new PodNotReadyError(message);
  }

  /** Milliseconds until something is due although nothing happens. */
  #untilNextLook(): number {
    const now = this.#services.clock.now();
    const deadline = deadlineOf(this.#pod, this.#startTime());
    const due = [now + resyncMs, this.#volumes.refreshAt, deadline].filter((time) => time !== undefined);
    return Math.max(0, Math.min(...due) - now);
  }

  #startTime(): string | undefined {
    return this.#services.statuses.get(this.#pod.metadata.uid)?.startTime;
  }

  #deadline(): PodVerdict | undefined {
    const verdict = deadlineVerdict(this.#pod, this.#startTime(), this.#services.clock.now());
    if (verdict) this.#services.events.event(this.#pod, 'Normal', verdict.reason, verdict.message);
    return verdict;
  }

  async #end(signal: AbortSignal): Promise<void> {
    const { uid } = this.#pod.metadata;
    let left: PodState | undefined;
    const onKill = (state: PodState): void => {
      this.#killing = state;
    };
    if (!this.#ended) {
      this.publish();
      try {
        left = await this.#ender.kill(this.#pod, { graceSeconds: this.#graceSeconds(), signal, onKill });
        this.#services.prober.forget(uid);
        this.#ended = true;
      } catch (error) {
        if (error instanceof KillPodError)
          this.#services.events.event(this.#pod, 'Warning', 'FailedKillPod', `error killing pod: ${error.message}`);
        throw error;
      } finally {
        this.#killing = undefined;
      }
    }
    this.publish();
    if (this.#removed || this.#pod.metadata.deletionTimestamp !== undefined) await this.#finish(left);
    else await this.#cleaner.removeVolumes(uid);
  }

  /** Even a pod that is deleted without grace gets a moment; one that the node ends may get less than it asks for. */
  #graceSeconds(): number {
    const grace = gracePeriodOf(this.#pod);
    return Math.max(1, Math.min(grace, this.#verdict?.graceSeconds ?? grace));
  }

  async #finish(left: PodState | undefined): Promise<void> {
    const { uid } = this.#pod.metadata;
    await this.#ender.finish(this.#pod, { left, isRemoved: this.#removed });
    this.#cleaned = true;
    this.#loop.rest();
    this.#options.backoff.forget(`${uid}_`);
    if (this.#removed) this.#options.onGone(uid);
  }
}
