/** States that paged lists began with, so that later pages need not be read from etcd. */

import type { Clock } from '@kubelab/component/clock';
import type { KeyRange, SortedEntries } from './sorted-entries.js';

interface Snapshot {
  entries: SortedEntries;
  /** Milliseconds since the epoch, as is `lastUse`. */
  kept: number;
  lastUse: number;
  /** How many entries follow from where pages have ended: the next page need not count them all again. */
  rests: Map<string, number>;
}

const maxSnapshots = 8;
const idleMs = 30_000;
/** A client that goes on asking must not keep a state beyond its compaction in etcd: such tokens expire, as upstream's do. */
const oldestMs = 5 * 60_000;
const maxRests = 1_000;

const restKey = ({ start, end = '' }: KeyRange): string => `${end}\n${start}`;

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
    const now = this.#clock.now();
    this.#byRevision.set(revision, { entries: entries.snapshot(), kept: now, lastUse: now, rests: new Map() });
    const oldest = this.#byRevision.keys().next().value;
    if (this.#byRevision.size > maxSnapshots && oldest !== undefined) this.#byRevision.delete(oldest);
  }

  /**
   * How many entries of the state `revision` are left behind a page: that is a subtraction where the page before has left its count, else `count` is
   * asked. `range` is what the page was looked for in, `next` where the next one will be.
   */
  restAfter(
    revision: number,
    page: { range: KeyRange; length: number; next: string },
    count: (rest: KeyRange) => number,
  ): number {
    const rests = this.#byRevision.get(revision)?.rests;
    const before = rests?.get(restKey(page.range));
    const behind = { ...page.range, start: page.next };
    const rest = before === undefined ? count(behind) : before - page.length;
    if (rests !== undefined && rests.size >= maxRests) rests.clear();
    rests?.set(restKey(behind), rest);
    return rest;
  }

  /** Forgets what nobody has asked for lately, and what is old. */
  prune(): void {
    const now = this.#clock.now();
    for (const [revision, { kept, lastUse }] of this.#byRevision)
      if (lastUse < now - idleMs || kept < now - oldestMs) this.#byRevision.delete(revision);
  }

  clear(): void {
    this.#byRevision.clear();
  }
}
