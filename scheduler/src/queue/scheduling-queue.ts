/**
 * Pods waiting for a node: the active ones by priority and age, those that failed lately until their back-off is over, and those that cannot
 * be placed until something in the cluster changes (or five minutes have passed).
 */

import type { Pod } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import type { Clock } from '@kubelab/component/clock';

interface Waiting {
  pod: Pod;
  attempts: number;
  /** When it was first queued: the tie-break between equal priorities. */
  since: number;
  /** Not before this time. */
  readyAt: number;
  unschedulable: boolean;
  /** The cluster's change counter when its attempt began. */
  cycle: number;
  parkedAt: number;
}

const longestParkMs = 300_000;

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #initialBackOffMs: number;
  readonly #maxBackOffMs: number;
  readonly #waiting = new Map<string, Waiting>();
  readonly #inProgress = new Map<string, Waiting>();
  #changes = 0;
  #wake: (() => void) | undefined;

  constructor(options: { clock: Clock; initialBackOffMs: number; maxBackOffMs: number }) {
    this.#clock = options.clock;
    this.#initialBackOffMs = options.initialBackOffMs;
    this.#maxBackOffMs = options.maxBackOffMs;
  }

  counts(): { active: number; backoff: number; unschedulable: number; gated: number } {
    const counts = { active: 0, backoff: 0, unschedulable: 0, gated: 0 };
    const now = this.#clock.now();
    for (const entry of this.#waiting.values()) {
      if (isGated(entry.pod)) counts.gated++;
      else if (entry.unschedulable) counts.unschedulable++;
      else if (entry.readyAt > now) counts.backoff++;
      else counts.active++;
    }
    return counts;
  }

  /** A new or changed pod; a change makes an unschedulable pod worth another try. */
  set(pod: Pod): void {
    const key = objectKey(pod);
    const running = this.#inProgress.get(key);
    if (running) {
      running.pod = pod;
      return;
    }
    const now = this.#clock.now();
    const old = this.#waiting.get(key);
    const known = old?.pod.metadata.uid === pod.metadata.uid ? old : undefined;
    const changed = known !== undefined && specChanged(known.pod, pod);
    this.#waiting.set(key, {
      attempts: known?.attempts ?? 0,
      since: known?.since ?? now,
      readyAt: known?.readyAt ?? now,
      cycle: known?.cycle ?? this.#changes,
      parkedAt: known?.parkedAt ?? now,
      unschedulable: (known?.unschedulable ?? false) && !changed,
      pod,
    });
    this.#wake?.();
  }

  remove(key: string): void {
    this.#waiting.delete(key);
    this.#inProgress.delete(key);
  }

  /** Something changed that may make room (a node, a pod that ended...): all unschedulable pods may try again after their back-off. */
  clusterChanged(): void {
    this.#changes++;
    for (const entry of this.#waiting.values()) entry.unschedulable = false;
    this.#wake?.();
  }

  /** The next pod to place; undefined when the signal aborts. Must be answered with {@link finish} or {@link retry}. */
  async next(signal: AbortSignal): Promise<Pod | undefined> {
    while (!signal.aborted) {
      const entry = this.#takeReady();
      if (entry) {
        entry.cycle = this.#changes;
        this.#inProgress.set(objectKey(entry.pod), entry);
        return entry.pod;
      }
      await this.#untilChange(signal);
    }
    return undefined;
  }

  finish(pod: Pod): void {
    this.#inProgress.delete(objectKey(pod));
  }

  /** The attempt failed. `unschedulable`: wait for a change, unless one happened during the attempt. */
  retry(pod: Pod, options: { unschedulable: boolean }): void {
    const key = objectKey(pod);
    const entry = this.#inProgress.get(key);
    if (!entry) return;
    this.#inProgress.delete(key);
    const now = this.#clock.now();
    const backOff = Math.min(this.#initialBackOffMs * 2 ** Math.min(entry.attempts, 20), this.#maxBackOffMs);
    const changedMeanwhile = entry.cycle !== this.#changes;
    this.#waiting.set(key, {
      ...entry,
      attempts: entry.attempts + 1,
      readyAt: now + backOff,
      parkedAt: now,
      unschedulable: options.unschedulable && !changedMeanwhile,
    });
  }

  #takeReady(): Waiting | undefined {
    const now = this.#clock.now();
    let best: Waiting | undefined;
    for (const entry of this.#waiting.values()) {
      if (isGated(entry.pod)) continue;
      if (entry.unschedulable && now - entry.parkedAt < longestParkMs) continue;
      if (entry.readyAt > now) continue;
      if (!best || comesBefore(entry, best)) best = entry;
    }
    if (best) this.#waiting.delete(objectKey(best.pod));
    return best;
  }

  #untilChange(signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const entry of this.#waiting.values()) {
      if (isGated(entry.pod)) continue;
      earliest = Math.min(earliest, entry.unschedulable ? entry.parkedAt + longestParkMs : entry.readyAt);
    }
    return new Promise((resolve) => {
      const done = (): void => {
        timer?.clear();
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = Number.isFinite(earliest) ? this.#clock.setTimeout(done, Math.max(1, earliest - now)) : undefined;
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

function comesBefore(a: Waiting, b: Waiting): boolean {
  const difference = (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0);
  return difference === 0 ? a.since < b.since : difference > 0;
}

export function isGated(pod: Pod): boolean {
  return (pod.spec.schedulingGates?.length ?? 0) > 0;
}

/** Status and bookkeeping changes (our own among them) do not make a pod easier to place. */
function specChanged(old: Pod, pod: Pod): boolean {
  return JSON.stringify([old.spec, old.metadata.labels]) !== JSON.stringify([pod.spec, pod.metadata.labels]);
}
