/** Requests that wait until the watch stream has seen a revision. */

import type { Clock, Timer } from '@kubelab/component/clock';

interface Waiter {
  revision: number;
  timer: Timer;
  resolve(seen: boolean): void;
}

export class RevisionWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  /** The smallest revision anyone waits for, so that events nobody waits for cost one comparison. */
  #nearest = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with false after `timeoutMs`. */
  wait(revision: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        revision,
        resolve,
        timer: this.#clock.setTimeout(() => {
          this.#waiters.delete(waiter);
          resolve(false);
        }, timeoutMs),
      };
      this.#waiters.add(waiter);
      this.#nearest = Math.min(this.#nearest, revision);
    });
  }

  /** Wakes all that wait for `revision` or less. */
  advance(revision: number): void {
    if (revision < this.#nearest) return;
    this.#nearest = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiters) {
      if (waiter.revision <= revision) this.#finish(waiter, true);
      else this.#nearest = Math.min(this.#nearest, waiter.revision);
    }
  }

  close(): void {
    for (const waiter of this.#waiters) this.#finish(waiter, false);
  }

  #finish(waiter: Waiter, seen: boolean): void {
    this.#waiters.delete(waiter);
    waiter.timer.clear();
    waiter.resolve(seen);
  }
}
