/**
 * One pod's life on this node. A worker does one thing at a time and always asks what there is to do now, so it may be woken as often as anybody likes.
 * What interrupts a step (a deletion, a shorter grace period) aborts its signal and starts the next step.
 */
import { isDeepStrictEqual } from 'node:util';
import { pods } from '@kubelab/api/resource-types';
import type { Pod, PodStatus } from '@kubelab/api/types';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Timer } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { DownwardContext } from '../containers/downward.js';
import { currentSandbox, isAlive, type PodState } from '../runtime/pod-state.js';
import { VolumeError } from '../volumes/volume-error.js';
import type { MountedVolumes } from '../volumes/volume-manager.js';
import { noState, PodApplier } from './apply.js';
import type { Backoff } from './backoff.js';
import { PodCleaner } from './cleaner.js';
import type { StartFailure } from './container-status.js';
import { isEmptyPlan, type PodPlan, planPod } from './plan.js';
import { gracePeriodOf, isTerminalPhase } from './pod.js';
import { PodResizer } from './pod-resizer.js';
import type { PodServices } from './pod-services.js';
import { computePodStatus, type PodVerdict } from './status.js';

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
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

export class PodWorker {
  readonly #options: PodWorkerOptions;
  readonly #services: PodServices;
  readonly #applier: PodApplier;
  readonly #cleaner: PodCleaner;
  readonly #resizer: PodResizer;
  readonly #logger: Logger;
  readonly #failures = new Map<string, StartFailure>();
  readonly #firstSeen: number;
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
  #volumesDirty = true;
  #refreshAt: number | undefined;
  #running = false;
  #again = false;
  #failedSteps = 0;
  #startReported = false;
  #timer: Timer | undefined;
  #step = new AbortController();

  constructor(pod: Pod, options: PodWorkerOptions) {
    this.#options = options;
    this.#services = options.services;
    this.#pod = pod;
    this.#firstSeen = options.services.clock.now();
    this.#applier = new PodApplier(options.services, options.backoff);
    this.#cleaner = new PodCleaner(options.services);
    this.#resizer = new PodResizer(options.services, pod.metadata.uid, () => options.others());
    options.signal.addEventListener('abort', () => this.#timer?.clear(), { once: true });
    const { name, namespace, uid } = pod.metadata;
    this.#logger = options.services.logger.child({ pod: `${namespace}/${name}`, uid });
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
    this.#volumesDirty = true;
    const ends = pod.metadata.deletionTimestamp !== undefined && before.metadata.deletionTimestamp === undefined;
    if (ends || gracePeriodOf(pod) < gracePeriodOf(before)) this.#interrupt('pod is being deleted');
    this.wake();
  }

  /** The API no longer has the pod. */
  remove(): void {
    this.#removed = true;
    if (this.#cleaned) {
      this.#options.onGone(this.#pod.metadata.uid);
      return;
    }
    if (!this.#ending) this.#interrupt('pod was deleted');
    this.wake();
  }

  /** The kubelet itself ends the pod: not admitted, evicted, out of time. */
  fail(verdict: PodVerdict): void {
    this.#verdict ??= verdict;
    this.#interrupt(verdict.reason);
    this.wake();
  }

  /** An object that the pod's volumes or variables come from has changed. */
  contentChanged(): void {
    this.#volumesDirty = true;
    this.wake();
  }

  wake(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    if (this.#options.signal.aborted) return;
    this.#running = true;
    void this.#run();
  }

  #interrupt(why: string): void {
    this.#step.abort(new Error(why));
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    try {
      do {
        this.#again = false;
        this.#timer?.clear();
        this.#step = new AbortController();
        await this.#try(AbortSignal.any([signal, this.#step.signal]));
      } while (this.#again && !signal.aborted);
    } finally {
      this.#running = false;
    }
  }

  async #try(signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#services;
    const startedAt = clock.now();
    try {
      await this.#next(signal);
      this.#failedSteps = 0;
    } catch (error) {
      if (this.#options.signal.aborted) return;
      if (signal.aborted) {
        this.#again = true;
        return;
      }
      // What is wrong with the pod or its node is told once in a line; the rest is a bug and wants its stack.
      if (error instanceof PodNotReadyError || error instanceof VolumeError)
        this.#logger.info('Pod waits', { why: error.message });
      else this.#logger.warn('Pod sync failed', { error });
      const delay = Math.min(firstRetryMs * 2 ** this.#failedSteps++, longestRetryMs);
      this.#wakeAfter(delay);
    } finally {
      metrics.synced(this.#ending ? 'terminate' : 'sync', (clock.now() - startedAt) / 1000);
    }
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

  /** Computes the pod's status from what is known now and hands it on. Never waits. */
  publish(): PodStatus {
    const { statuses, prober, settings, node, clock } = this.#services;
    const pod = this.#pod;
    const state = this.#killing ?? this.#state();
    if (!this.#ended) prober.sync(pod, state, { terminating: this.#ending, hostIP: node.ips()[0] ?? '' });
    const status = computePodStatus({
      pod,
      old: statuses.get(pod.metadata.uid) ?? pod.status ?? {},
      state,
      probes: prober,
      failures: this.#failures,
      runtimeName: settings.runtimeName,
      hostIPs: node.ips(),
      now: clock.now(),
      terminal: this.#ended,
      verdict: this.#verdict,
      resize: this.#resizer,
    });
    if (!this.#removed && !this.#cleaned) statuses.set(pod, status);
    this.#reportStart(status);
    return status;
  }

  #reportStart(status: PodStatus): void {
    if (this.#startReported || status.phase === 'Pending') return;
    this.#startReported = true;
    if (status.phase === 'Running')
      this.#services.metrics.podStarted((this.#services.clock.now() - this.#firstSeen) / 1000);
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const pod = this.#pod;
    const { state, plan } = await this.#plan();
    if (isEmptyPlan(plan)) {
      if (this.#volumesDirty || this.#refreshIsDue()) await this.#mount(signal);
      await this.#cleaner.removeDead(state);
      const resized = await this.#resizer.sync(pod, state, signal).finally(() => this.publish());
      if (resized) this.#again = true;
      this.#wakeAfter(this.#untilNextLook());
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
      onFailure: (container, failure) => this.#noteFailure(container, failure),
    });
    this.publish();
    if (result.changed) this.#again = true;
    this.#wakeAfter(Math.min(result.retryAfterMs ?? Number.POSITIVE_INFINITY, this.#untilNextLook()));
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

  #noteFailure(container: string, failure: StartFailure | undefined): void {
    if (failure) this.#failures.set(container, failure);
    else if (!this.#failures.delete(container)) return;
    this.publish();
  }

  #requireNetwork(): void {
    const problem = this.#services.node.networkProblem();
    if (problem === undefined || this.#pod.spec.hostNetwork) return;
    const message = `network is not ready: container runtime network not ready: ${problem}`;
    this.#services.events.event(this.#pod, 'Warning', 'NetworkNotReady', message);
    throw new PodNotReadyError(message);
  }

  async #mount(signal: AbortSignal): Promise<MountedVolumes> {
    const { volumes, events } = this.#services;
    this.#volumesDirty = false;
    try {
      const mounted = await volumes.mount(this.#pod, this.#downward(), signal);
      this.#refreshAt = mounted.refreshAt;
      return mounted;
    } catch (error) {
      this.#volumesDirty = true;
      if (signal.aborted) throw error;
      const problems = error instanceof VolumeError ? error.problems : [String(error)];
      for (const problem of problems) events.event(this.#pod, 'Warning', 'FailedMount', problem);
      throw error;
    }
  }

  #downward(): DownwardContext {
    const { node } = this.#services;
    const podIPs = this.#pod.spec.hostNetwork ? node.ips() : (currentSandbox(this.#state())?.ips ?? []);
    return { podIPs, hostIPs: node.ips(), nodeName: node.name, allocatable: node.allocatable() };
  }

  #refreshIsDue(): boolean {
    return this.#refreshAt !== undefined && this.#services.clock.now() >= this.#refreshAt;
  }

  /** Milliseconds until something is due although nothing happens. */
  #untilNextLook(): number {
    const now = this.#services.clock.now();
    const deadline = this.#deadlineAt();
    const due = [now + resyncMs, this.#refreshAt, deadline].filter((time) => time !== undefined);
    return Math.max(0, Math.min(...due) - now);
  }

  #deadlineAt(): number | undefined {
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    const since = this.#services.statuses.get(this.#pod.metadata.uid)?.startTime ?? this.#pod.status?.startTime;
    return seconds === undefined || since === undefined ? undefined : Date.parse(since) + seconds * 1000;
  }

  #deadline(): PodVerdict | undefined {
    const at = this.#deadlineAt();
    if (at === undefined || this.#services.clock.now() < at || isTerminalPhase(this.#pod.status)) return undefined;
    const verdict = {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
    this.#services.events.event(this.#pod, 'Normal', verdict.reason, verdict.message);
    return verdict;
  }

  #wakeAfter(ms: number): void {
    this.#timer?.clear();
    if (this.#options.signal.aborted) return;
    this.#timer = this.#services.clock.setTimeout(() => this.wake(), ms);
  }

  async #end(signal: AbortSignal): Promise<void> {
    const { uid } = this.#pod.metadata;
    let left: PodState | undefined;
    if (!this.#ended) {
      this.publish();
      try {
        left = await this.#kill(signal);
        this.#services.prober.forget(uid);
        this.#ended = true;
      } finally {
        this.#killing = undefined;
      }
    }
    this.publish();
    if (this.#removed || this.#pod.metadata.deletionTimestamp !== undefined) await this.#finish(left);
    else await this.#cleaner.removeVolumes(uid);
  }

  /** Gives what is left of the pod, of which nothing runs. */
  async #kill(signal: AbortSignal): Promise<PodState> {
    const { cache, killer } = this.#services;
    const { uid } = this.#pod.metadata;
    const state = (await cache.refresh(uid)) ?? noState(this.#pod);
    if (!isAlive(state)) return state;
    this.#killing = state;
    const request = { pod: this.#pod, state, graceSeconds: this.#graceSeconds(), signal };
    await cache.holding(uid, () => killer.killPod(request));
    const left = (await cache.refresh(uid)) ?? noState(this.#pod);
    if (isAlive(left)) throw new Error('containers of the pod still run after they were stopped');
    return left;
  }

  /** Even a pod that is deleted without grace gets a moment; one that the node ends may get less than it asks for. */
  #graceSeconds(): number {
    const grace = gracePeriodOf(this.#pod);
    return Math.max(1, Math.min(grace, this.#verdict?.graceSeconds ?? grace));
  }

  /** The order is what makes a crash harmless: the API object goes last, and only when nothing is left here. */
  async #finish(left: PodState | undefined): Promise<void> {
    const { statuses, client, images, allocations } = this.#services;
    const { name, namespace, uid } = this.#pod.metadata;
    await Promise.all([this.#removed ? undefined : statuses.flush(uid), this.#cleaner.removeAll(this.#pod, left)]);
    await allocations.forget(uid);
    if (!this.#removed) {
      try {
        await client.delete(pods, name, namespace, { gracePeriodSeconds: 0, preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
    this.#cleaned = true;
    this.#timer?.clear();
    images.forgetPod(uid);
    this.#options.backoff.forget(`${uid}_`);
    if (this.#removed) this.#options.onGone(uid);
  }
}

/** Whether two versions of a pod ask for the same. */
function isSameOrder(before: Pod, after: Pod): boolean {
  return isDeepStrictEqual(orderOf(before), orderOf(after));
}

function orderOf({ metadata, spec }: Pod): unknown {
  const { resourceVersion: _version, managedFields: _fields, ...rest } = metadata;
  return { metadata: rest, spec };
}
