import { tolerates } from '@kubelab/api/pod/tolerations';
import type { Pod } from '@kubelab/api/types';
import type { EventRecorder, EventTarget } from '@kubelab/client/event-recorder';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { qosClassOf } from '../containers/qos.js';
import type { PodVerdict } from '../pods/status.js';
import { Pressure } from './pressure.js';
import { type Candidate, evictionMessage, isCritical, type PodConsumption, rank } from './ranking.js';
import { exceededStorage, hasStorageLimits, type StorageUse } from './storage-limits.js';
import { type Condition, conditionOf, type Observations, resourceOf, type Threshold } from './thresholds.js';

export interface EvictionManagerOptions {
  thresholds: readonly Threshold[];
  transitionMs: number;
  /** Seconds that pods get at most when a soft threshold ends them. */
  maxPodGraceSeconds: number;
  observe(): Promise<Observations>;
  /** Frees disk without ending pods: dead containers and unused images. */
  reclaimDisk(): Promise<void>;
  /** Pods that run here. */
  pods(): Pod[];
  /** By uid; pods that nothing is known of are missing. */
  consumption(): Promise<ReadonlyMap<string, PodConsumption>>;
  storageOf(pod: Pod): Promise<StorageUse>;
  /** Ends a pod; false when it had ended. */
  end(uid: string, verdict: PodVerdict): boolean;
  isFinished(uid: string): boolean;
  /** Conditions have come or gone. */
  onChange(): void;
  events: EventRecorder;
  target: EventTarget;
  clock: Clock;
  logger: Logger;
}

/** What a pod gets that a hard threshold ends. */
const immediateSeconds = 1;
const cleanupMs = 30_000;
const pollMs = 100;
const memoryTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' };

/** Ends pods before the node runs out of memory, disk or processes. */
export class EvictionManager {
  readonly #options: EvictionManagerOptions;
  readonly #pressure: Pressure;

  constructor(options: EvictionManagerOptions) {
    this.#options = options;
    this.#pressure = new Pressure(options.thresholds, options.transitionMs);
  }

  hasCondition(condition: Condition): boolean {
    return this.#pressure.conditions.includes(condition);
  }

  /** Why a pod is not taken in while the node is short of something. */
  rejection(pod: Pod): PodVerdict | undefined {
    const { conditions } = this.#pressure;
    if (conditions.length === 0 || isCritical(pod)) return undefined;
    if (conditions.length === 1 && conditions[0] === 'MemoryPressure') {
      if (qosClassOf(pod) !== 'BestEffort') return undefined;
      if ((pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, memoryTaint))) return undefined;
    }
    return { reason: 'Evicted', message: `The node had condition: [${conditions.join(' ')}]. ` };
  }

  /** One round. At most one pod is ended for a threshold: the next round sees what that gave. */
  async sync(): Promise<void> {
    const { observe, clock, onChange } = this.#options;
    const before = this.#pressure.conditions.join();
    const seen = await observe();
    const met = this.#pressure.observe(seen, clock.now());
    if (this.#pressure.conditions.join() !== before) onChange();
    if (await this.#enforceStorageLimits()) return;
    const [threshold] = met;
    if (threshold) await this.#relieve(threshold, seen);
  }

  async #relieve(threshold: Threshold, seen: Observations): Promise<void> {
    const { events, target, reclaimDisk, observe, logger } = this.#options;
    const resource = resourceOf(threshold.signal);
    logger.warn('Eviction manager: attempting to reclaim', { resource, signal: threshold.signal });
    events.event(target, 'Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resource}`);
    let now = seen;
    if (conditionOf(threshold.signal) === 'DiskPressure') {
      await reclaimDisk().catch((error: unknown) => logger.warn('Disk could not be reclaimed', { error }));
      now = await observe();
      if (this.#pressure.isRelieved(now)) return;
    }
    const candidates = await this.#candidates();
    for (const candidate of rank(candidates, threshold.signal)) {
      const hard = threshold.graceMs === 0;
      const graceSeconds = hard ? immediateSeconds : this.#options.maxPodGraceSeconds;
      if (await this.#evict(candidate.pod, evictionMessage(candidate, threshold, now), graceSeconds)) return;
    }
    logger.warn('Eviction manager: unable to evict any pods from the node', { resource });
  }

  async #candidates(): Promise<Candidate[]> {
    const { pods, consumption, isFinished } = this.#options;
    const usage = await consumption();
    const nothing: PodConsumption = { memory: 0, storage: 0, inodes: 0, processes: 0, containers: [] };
    return pods()
      .filter(({ metadata }) => !isFinished(metadata.uid))
      .map((pod) => ({ pod, usage: usage.get(pod.metadata.uid) ?? nothing }));
  }

  async #enforceStorageLimits(): Promise<boolean> {
    const { pods, storageOf, isFinished } = this.#options;
    let any = false;
    for (const pod of pods()) {
      if (isFinished(pod.metadata.uid) || !hasStorageLimits(pod)) continue;
      const message = exceededStorage(pod, await storageOf(pod));
      if (message !== undefined && (await this.#evict(pod, message, immediateSeconds))) any = true;
    }
    return any;
  }

  /** Resolves when nothing of the pod runs any more, or when that takes too long. */
  async #evict(pod: Pod, message: string, graceSeconds: number): Promise<boolean> {
    const { end, isFinished, events, clock, logger } = this.#options;
    const { uid, name, namespace } = pod.metadata;
    if (isCritical(pod)) {
      logger.error('Eviction manager: cannot evict a critical pod', { pod: `${namespace}/${name}` });
      return false;
    }
    if (!end(uid, { reason: 'Evicted', message, disruption: true, graceSeconds })) return false;
    events.event(pod, 'Warning', 'Evicted', message);
    logger.info('Eviction manager: pod is evicted', { pod: `${namespace}/${name}`, message });
    const until = clock.now() + graceSeconds * 1000 + cleanupMs;
    while (!isFinished(uid) && clock.now() < until) await clock.sleep(pollMs);
    return true;
  }
}
