import type { Clock } from '@kubelab/component/clock';

const firstMs = 1000;
const longestMs = 15 * 60_000;

/** How soon a failed daemon may be replaced: twice as late with every failure, anew after a long quiet. */
export class FailureBackOff {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { delayMs: number; at: number }>();

  constructor(options: { clock: Clock }) {
    this.#clock = options.clock;
  }

  /** 0 when it may be replaced now, which counts; otherwise the milliseconds to wait. */
  take(key: string): number {
    const now = this.#clock.now();
    this.#forgetOld(now);
    const entry = this.#entries.get(key);
    if (entry && now < entry.at + entry.delayMs) return entry.at + entry.delayMs - now;
    this.#entries.set(key, { delayMs: entry ? Math.min(entry.delayMs * 2, longestMs) : firstMs, at: now });
    return 0;
  }

  #forgetOld(now: number): void {
    for (const [key, { at }] of this.#entries) if (now - at > 2 * longestMs) this.#entries.delete(key);
  }
}
