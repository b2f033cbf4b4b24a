import type { Clock } from '@kubelab/component/clock';

export interface BackoffOptions {
  initialMs: number;
  maxMs: number;
  clock: Clock;
}

interface Entry {
  delayMs: number;
  updatedAt: number;
}

/** Doubling delays per key that start over when nothing happened for twice the longest delay: client-go's flowcontrol.Backoff. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Milliseconds still to wait after something that happened at `since`; 0 when free to try. */
  remaining(key: string, since: number): number {
    const entry = this.#entries.get(key);
    if (!entry || this.#expired(entry, since)) return 0;
    return this.#left(since, entry.delayMs);
  }

  /** A time that lies ahead is one of before the clock was set back: nothing is known about how long ago that was. */
  #left(since: number, delayMs: number): number {
    const elapsed = this.#options.clock.now() - since;
    return elapsed < 0 ? 0 : Math.max(0, delayMs - elapsed);
  }

  /** Milliseconds still to wait after the last try. */
  remainingSinceTry(key: string): number {
    const entry = this.#entries.get(key);
    return entry ? this.#left(entry.updatedAt, entry.delayMs) : 0;
  }

  /** The delay that applies now, in milliseconds. */
  delay(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** Notes another try after something that happened at `since`. */
  next(key: string, since: number): void {
    const { initialMs, maxMs, clock } = this.#options;
    const entry = this.#entries.get(key);
    const delayMs = !entry || this.#expired(entry, since) ? initialMs : Math.min(entry.delayMs * 2, maxMs);
    this.#entries.set(key, { delayMs, updatedAt: clock.now() });
  }

  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #expired(entry: Entry, since: number): boolean {
    return since - entry.updatedAt > this.#options.maxMs * 2;
  }
}
