import type { Clock } from '@kubelab/component/clock';

/**
 * What a controller has done that its cache has not shown yet, so that it does not do it twice (client-go's ControllerExpectations).
 * Creations are counted, deletions are known by key.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #entries = new Map<string, { creations: number; deletions: Set<string>; at: number }>();

  constructor(options: { clock: Clock; timeoutMs?: number }) {
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? 300_000;
  }

  expectCreations(owner: string, count: number): void {
    const entry = this.#entry(owner);
    entry.creations += count;
  }

  expectDeletion(owner: string, key: string): void {
    this.#entry(owner).deletions.add(key);
  }

  creationObserved(owner: string): void {
    const entry = this.#entries.get(owner);
    if (entry && entry.creations > 0) entry.creations--;
  }

  deletionObserved(owner: string, key: string): void {
    this.#entries.get(owner)?.deletions.delete(key);
  }

  /** True when everything done has been seen, or so long ago that it must have been missed. */
  satisfied(owner: string): boolean {
    const entry = this.#entries.get(owner);
    if (!entry) return true;
    return (entry.creations <= 0 && entry.deletions.size === 0) || this.#clock.now() - entry.at > this.#timeoutMs;
  }

  forget(owner: string): void {
    this.#entries.delete(owner);
  }

  #entry(owner: string): { creations: number; deletions: Set<string>; at: number } {
    let entry = this.#entries.get(owner);
    if (!entry || this.satisfied(owner)) {
      entry = { creations: 0, deletions: new Set(), at: this.#clock.now() };
      this.#entries.set(owner, entry);
    }
    return entry;
  }
}
