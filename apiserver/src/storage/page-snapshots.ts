/** States that paged lists began with, so that later pages need not be read from etcd. */

import type { Clock } from '@kubelab/component/clock';
import type { SortedEntries } from './sorted-entries.js';

interface Snapshot {
  entries: SortedEntries;
  /** Milliseconds since the epoch. */
  lastUse: number;
}

const maxSnapshots = 8;
const idleMs = 30_000;

/** Keeps few and not for long: what is gone is read from etcd at its revision. */
export class PageSnapshots {
  readonly #clock: Clock;
  readonly #byRevision = new Map<number, Snapshot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(revision: number): SortedEntries | undefined {
    const snapshot = this.#byRevision.get(revision);
    if (snapshot === undefined) return undefined;
    snapshot.lastUse = this.#clock.now();
    return snapshot.entries;
  }

  keep(revision: number, entries: SortedEntries): void {
    if (this.#byRevision.has(revision)) return;
    this.#byRevision.set(revision, { entries: entries.snapshot(), lastUse: this.#clock.now() });
    const oldest = this.#byRevision.keys().next().value;
    if (this.#byRevision.size > maxSnapshots && oldest !== undefined) this.#byRevision.delete(oldest);
  }

  /** Forgets what nobody has asked for lately. */
  prune(): void {
    const limit = this.#clock.now() - idleMs;
    for (const [revision, snapshot] of this.#byRevision)
      if (snapshot.lastUse < limit) this.#byRevision.delete(revision);
  }

  clear(): void {
    this.#byRevision.clear();
  }
}
