import type { Clock, Timer } from '@kubelab/component/clock';

/**
 * Keys waiting for work, as client-go's workqueue: in order of arrival, each at most once, never handed to two workers at a time (a key that is
 * added while it is worked on comes again afterwards), with per-key exponential back-off.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backOff: { baseMs: number; maxMs: number };
  readonly #waiting = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { at: number; timer: Timer }>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: { clock: Clock; backOff?: { baseMs: number; maxMs: number } }) {
    this.#clock = options.clock;
    this.#backOff = options.backOff ?? { baseMs: 5, maxMs: 1_000_000 };
  }

  get length(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#processing.has(key)) {
      this.#dirty.add(key);
      return;
    }
    const taker = this.#waiting.has(key) ? undefined : this.#takers.shift();
    if (taker) {
      this.#processing.add(key);
      taker(key);
    } else {
      this.#waiting.add(key);
    }
  }

  /** Adds the key after `ms`; of several such calls the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.now() + ms;
    const existing = this.#timers.get(key);
    if (existing && existing.at <= at) return;
    existing?.timer.clear();
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(key);
      this.add(key);
    }, ms);
    this.#timers.set(key, { at, timer });
  }

  /** Adds the key after its back-off, which doubles with every call until {@link forget}. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(this.#backOff.baseMs * 2 ** Math.min(failures, 40), this.#backOff.maxMs));
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, or undefined once the queue is closed. Every key taken must be given back with {@link done}. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const next = this.#waiting.values().next();
    if (next.done) return new Promise((resolve) => this.#takers.push(resolve));
    this.#waiting.delete(next.value);
    this.#processing.add(next.value);
    return Promise.resolve(next.value);
  }

  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#timers.values()) timer.clear();
    this.#timers.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}
