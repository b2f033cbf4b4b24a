/** The memory of the eviction manager: since when which threshold is crossed, and which conditions that makes. Pure but for its own fields. */
import { type Condition, conditionOf, isCrossed, isMemory, type Observations, type Threshold } from './thresholds.js';

export class Pressure {
  readonly #thresholds: readonly Threshold[];
  readonly #transitionMs: number;
  /** Since when a threshold is crossed. */
  #since = new Map<Threshold, number>();
  /** When a condition last held for a reason. */
  readonly #seen = new Map<Condition, number>();
  #met: Threshold[] = [];
  #conditions: Condition[] = [];

  /** `transitionMs`: for how long a condition stays after its reason has gone. */
  constructor(thresholds: readonly Threshold[], transitionMs: number) {
    this.#thresholds = thresholds;
    this.#transitionMs = transitionMs;
  }

  get conditions(): readonly Condition[] {
    return this.#conditions;
  }

  /** Answers the thresholds that something must be done about, memory first. */
  observe(seen: Observations, now: number): Threshold[] {
    const crossed = this.#thresholds.filter(
      (threshold) =>
        isCrossed(threshold, seen, { reclaimed: false }) ||
        (this.#met.includes(threshold) && isCrossed(threshold, seen, { reclaimed: true })),
    );
    this.#since = new Map(crossed.map((threshold) => [threshold, this.#since.get(threshold) ?? now]));
    for (const threshold of crossed) this.#seen.set(conditionOf(threshold.signal), now);
    this.#conditions = [...this.#seen]
      .filter(([, at]) => at === now || now - at < this.#transitionMs)
      .map(([name]) => name);
    this.#met = crossed.filter((threshold) => now - (this.#since.get(threshold) ?? now) >= threshold.graceMs);
    return [...this.#met].sort((a, b) => order(a) - order(b));
  }

  /** Whether all thresholds that were met have been left again. */
  isRelieved(seen: Observations): boolean {
    return !this.#met.some((threshold) => isCrossed(threshold, seen, { reclaimed: true }));
  }
}

/** Memory cannot wait, and a hard threshold is more pressing than a soft one. */
function order({ signal, graceMs }: Threshold): number {
  return (isMemory(signal) ? 0 : 2) + (graceMs === 0 ? 0 : 1);
}
