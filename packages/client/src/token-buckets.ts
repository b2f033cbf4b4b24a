import type { Clock } from '@kubelab/component/clock';

/** One token bucket per key; the keys not used for longest are forgotten. */
export class TokenBuckets {
  readonly #options: { burst: number; refillMs: number; clock: Clock; capacity?: number };
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** `refillMs`: how long one token takes to come back. */
  constructor(options: { burst: number; refillMs: number; clock: Clock; capacity?: number }) {
    this.#options = options;
  }

  /** False when the key has used up its tokens. */
  take(key: string): boolean {
    const { burst, refillMs, clock, capacity = 4096 } = this.#options;
    const now = clock.now();
    const old = this.#buckets.get(key);
    const tokens = old ? Math.min(burst, old.tokens + (now - old.at) / refillMs) : burst;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > capacity) {
      const oldest = this.#buckets.keys().next().value;
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return tokens >= 1;
  }
}
