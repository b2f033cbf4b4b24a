import type { Clock, Timer } from '@kubelab/component/clock';

/** A clock that stands still until a test turns it. */
export class FakeClock implements Clock {
  #now: number;
  #next = 0;
  readonly #timers = new Map<number, { at: number; callback: () => void }>();

  constructor(start: number | string = '2026-01-01T00:00:00Z') {
    this.#now = typeof start === 'number' ? start : Date.parse(start);
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const timer = this.setTimeout(resolve, ms);
      signal?.addEventListener(
        'abort',
        () => {
          timer.clear();
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const id = this.#next++;
    this.#timers.set(id, { at: this.#now + ms, callback });
    return { clear: () => this.#timers.delete(id) };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Sets the clock to another time, ahead or back: timers still wait for as long as before, as those of a real machine do. */
  jump(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers.values()) timer.at += ms;
  }

  /** Moves time on, firing timers in order; lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let due = this.#earliest(end); due !== undefined; due = this.#earliest(end)) {
      const timer = this.#timers.get(due);
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, timer?.at ?? 0);
      timer?.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #earliest(end: number): number | undefined {
    let best: { id: number; at: number } | undefined;
    for (const [id, { at }] of this.#timers) {
      if (at <= end && (best === undefined || at < best.at)) best = { id, at };
    }
    return best?.id;
  }
}

/** Lets everything that is ready to run do so. */
export async function settle(rounds = 5): Promise<void> {
  for (let round = 0; round < rounds; round++) await new Promise((resolve) => setImmediate(resolve));
}
