/** The latest changes of one resource, for watches that start in the past. */

import type { Change } from './change.js';

/** Changes that all watchers have got, or wait for with events of their own, hold nothing but their bytes. */
const warmChanges = 256;

/** Bounded by the size of what it holds: the oldest changes are forgotten. */
export class ChangeHistory {
  readonly #maxBytes: number;
  #changes: (Change | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #oldest: number;

  constructor(options: { maxBytes: number; revision: number }) {
    this.#maxBytes = options.maxBytes;
    this.#oldest = options.revision;
  }

  /** All changes after this revision are remembered. */
  get oldest(): number {
    return this.#oldest;
  }

  get length(): number {
    return this.#changes.length - this.#head;
  }

  push(change: Change): void {
    this.#changes.push(change);
    this.#bytes += change.entry.size;
    this.#changes[this.#changes.length - 1 - warmChanges]?.cool();
    while (this.#bytes > this.#maxBytes && this.length > 1) this.#forgetOldest();
    if (this.#head > 1_024 && this.#head * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The changes after `revision` in order, or undefined when some of them are forgotten. */
  since(revision: number): Change[] | undefined {
    if (revision < this.#oldest) return undefined;
    return this.#changes.slice(this.#firstAfter(revision)).filter((change) => change !== undefined);
  }

  #forgetOldest(): void {
    const change = this.#changes[this.#head];
    if (change === undefined) return;
    this.#bytes -= change.entry.size;
    this.#oldest = change.revision;
    // The slot stays until the array is cut; what it held may go.
    this.#changes[this.#head] = undefined;
    this.#head++;
  }

  #firstAfter(revision: number): number {
    let low = this.#head;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
