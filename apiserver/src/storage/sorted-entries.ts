/** The entries of one resource, sorted by key, with copies that cost nothing until one side changes. */

import sortedBtree from 'sorted-btree';
import type { StoredEntry } from './encoding.js';

// The package is CommonJS: what Node gives as its default is the module itself.
const { default: BTree, simpleComparator } = sortedBtree;
type Tree = InstanceType<typeof BTree<string, StoredEntry>>;

/** The keys of one namespace, or all. `end` is behind the last key; absent: no end. */
export interface KeyRange {
  start: string;
  end?: string;
}

export function rangeOf(namespace: string | undefined): KeyRange {
  // '0' follows '/' in order.
  return namespace === undefined ? { start: '' } : { start: `${namespace}/`, end: `${namespace}0` };
}

export class SortedEntries {
  readonly #tree: Tree;

  constructor(tree: Tree = new BTree<string, StoredEntry>(undefined, simpleComparator)) {
    this.#tree = tree;
  }

  get size(): number {
    return this.#tree.size;
  }

  get(key: string): StoredEntry | undefined {
    return this.#tree.get(key);
  }

  set(entry: StoredEntry): void {
    this.#tree.set(entry.key, entry);
  }

  delete(key: string): void {
    this.#tree.delete(key);
  }

  /** The state of now; later changes do not show in it. */
  snapshot(): SortedEntries {
    return new SortedEntries(this.#tree.clone());
  }

  /** Calls `visit` in order of the keys until it returns false. */
  forEach(range: KeyRange, visit: (entry: StoredEntry) => boolean): void {
    if (range.end === undefined) this.#forEachFrom(range.start, visit);
    else
      this.#tree.forRange(range.start, range.end, false, (_key, entry) => (visit(entry) ? undefined : { break: true }));
  }

  /** In order of the keys, each found when it is asked for. Only for a {@link snapshot}: the entries must not change meanwhile. */
  *iterate({ start, end }: KeyRange): Generator<StoredEntry> {
    const pair: [string, StoredEntry] | [] = [];
    for (const [key, entry] of this.#tree.entries(start, pair)) {
      if (end !== undefined && key >= end) return;
      yield entry;
    }
  }

  toArray(range: KeyRange): StoredEntry[] {
    const entries: StoredEntry[] = [];
    this.forEach(range, (entry) => {
      entries.push(entry);
      return true;
    });
    return entries;
  }

  /** Lets go of the decoded form of entries that nobody has looked at since the last call. */
  coolIdle(): void {
    this.forEach({ start: '' }, (entry) => {
      entry.coolIfIdle();
      return true;
    });
  }

  count(range: KeyRange): number {
    if (range.start === '' && range.end === undefined) return this.#tree.size;
    let count = 0;
    this.forEach(range, () => {
      count++;
      return true;
    });
    return count;
  }

  #forEachFrom(start: string, visit: (entry: StoredEntry) => boolean): void {
    const last = this.#tree.maxKey();
    if (last === undefined) return;
    this.#tree.forRange(start, last, true, (_key, entry) => (visit(entry) ? undefined : { break: true }));
  }
}
