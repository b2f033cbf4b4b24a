/** The state of one resource as the watch stream tells it, and everyone who wants to hear of its changes. */

import type { CacheWatcher } from './cache-watcher.js';
import { Change, type ChangeType } from './change.js';
import { ChangeHistory } from './change-history.js';
import { isStoredObject, StoredEntry } from './encoding.js';
import type { KeyEvent, KeyValue } from './etcd-client.js';
import { SortedEntries } from './sorted-entries.js';
import { tooOldResourceVersion } from './storage-errors.js';
import { WatcherIndex } from './watcher-index.js';

export type ChangeListener = (type: ChangeType, entry: StoredEntry) => void;

export interface WatchCacheOptions {
  /** Bytes of recent changes to remember. */
  historyBytes: number;
  /** The revision that the watch stream has reached. */
  streamRevision(): number;
  /** Something in etcd that is not an object of ours is left out. */
  onBadObject(key: string): void;
  /** A listener threw. */
  onListenerError(error: unknown): void;
}

/** An own write that the watch stream has not brought back yet. */
interface OwnWrite {
  revision: number;
  /** Undefined: deleted. */
  entry: StoredEntry | undefined;
}

export class WatchCache {
  readonly watchers = new WatcherIndex();
  readonly #options: WatchCacheOptions;
  readonly #listeners = new Set<ChangeListener>();
  readonly #ownWrites = new Map<string, OwnWrite>();
  #entries = new SortedEntries();
  #history: ChangeHistory;
  #loadRevision = 0;
  #lastChange = 0;
  #loaded = false;
  #early: KeyEvent[] = [];
  #touched = new Set<CacheWatcher>();
  #received = 0;

  constructor(options: WatchCacheOptions) {
    this.#options = options;
    this.#history = new ChangeHistory({ maxBytes: options.historyBytes, revision: 0 });
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** The revision whose state this is. */
  get revision(): number {
    return Math.max(this.#loadRevision, this.#options.streamRevision());
  }

  /** The state has been the same from this revision on. */
  get lastChange(): number {
    return this.#lastChange;
  }

  get history(): ChangeHistory {
    return this.#history;
  }

  get entries(): SortedEntries {
    return this.#entries;
  }

  /** Changes seen so far. */
  get received(): number {
    return this.#received;
  }

  /** The newest state known here: the cache's, or that of an own write it has yet to see. */
  latest(key: string): StoredEntry | undefined {
    const cached = this.#entries.get(key);
    const own = this.#ownWrites.get(key);
    return own === undefined || own.revision <= (cached?.revision ?? 0) ? cached : own.entry;
  }

  /** Notes an own write; gives the entry that the cache has or will have for it. */
  noteWrite(entry: StoredEntry): StoredEntry {
    if (this.revision >= entry.revision && this.#loaded) {
      const cached = this.#entries.get(entry.key);
      return cached?.revision === entry.revision ? cached : entry;
    }
    const known = this.#ownWrites.get(entry.key);
    if (known === undefined || known.revision < entry.revision)
      this.#ownWrites.set(entry.key, { revision: entry.revision, entry });
    return entry;
  }

  noteDelete(key: string, revision: number): void {
    if (this.revision >= revision && this.#loaded) return;
    const known = this.#ownWrites.get(key);
    if (known === undefined || known.revision < revision) this.#ownWrites.set(key, { revision, entry: undefined });
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A change from the stream; `event.key` is below the resource's folder. Watchers hear of it with {@link flush}. */
  apply(event: KeyEvent): void {
    if (!this.#loaded) {
      this.#early.push(event);
      return;
    }
    const change = this.#changeOf(event);
    if (change === undefined) return;
    this.#received++;
    this.#lastChange = change.revision;
    this.#history.push(change);
    this.watchers.forEachOf(event.key, (watcher) => {
      if (watcher.offer(change)) this.#touched.add(watcher);
    });
    this.#notify(change.type, change.entry);
  }

  /** Lets watchers send what {@link apply} gave them. */
  flush(): void {
    if (this.#touched.size === 0) return;
    const touched = this.#touched;
    this.#touched = new Set();
    for (const watcher of touched) watcher.flush();
  }

  /** The entry for what a range request found (its key below the resource's folder); undefined when it is not an object. */
  entryOf({ key, modRevision, value }: KeyValue): StoredEntry | undefined {
    const known = this.#entries.get(key);
    return known?.revision === modRevision ? known : this.#makeEntry(key, modRevision, value);
  }

  /** The first or a new complete state; changes that came meanwhile are applied on top. */
  load(found: StoredEntry[], revision: number): void {
    const before = this.#entries;
    this.#entries = new SortedEntries();
    for (const entry of found) this.#entries.set(entry);
    this.#loadRevision = revision;
    this.#lastChange = revision;
    this.#history = new ChangeHistory({ maxBytes: this.#options.historyBytes, revision });
    this.#loaded = true;
    for (const [key, own] of this.#ownWrites) if (own.revision <= revision) this.#ownWrites.delete(key);
    this.#notifyDifferences(before, revision);
    const early = this.#early;
    this.#early = [];
    for (const event of early) if (event.revision > revision) this.apply(event);
    this.flush();
  }

  /** Changes were lost: what is known serves `peek` only until the next {@link load}. */
  invalidate(seen: number, revision: number): void {
    this.#loaded = false;
    this.#early = [];
    this.#ownWrites.clear();
    for (const watcher of this.watchers.all()) watcher.end(tooOldResourceVersion(seen, revision));
  }

  closeWatchers(): void {
    for (const watcher of this.watchers.all()) watcher.close();
  }

  endWatchers(error: Error): void {
    for (const watcher of this.watchers.all()) watcher.end(error);
  }

  #changeOf(event: KeyEvent): Change | undefined {
    const previous = this.#entries.get(event.key);
    const own = this.#ownWrites.get(event.key);
    if (own !== undefined && own.revision <= event.revision) this.#ownWrites.delete(event.key);
    if (event.type === 'put') {
      const entry =
        own?.revision === event.revision && own.entry
          ? own.entry
          : this.#makeEntry(event.key, event.revision, event.value);
      if (entry !== undefined) {
        // Makes the lasting copy now: what the entry was made from belongs to a larger message or pool.
        void entry.bytes;
        this.#entries.set(entry);
        return new Change(previous ? 'MODIFIED' : 'ADDED', entry, previous);
      }
    }
    if (previous === undefined) return undefined;
    this.#entries.delete(event.key);
    return new Change('DELETED', previous.withRevision(event.revision), previous);
  }

  #makeEntry(key: string, revision: number, value: Buffer): StoredEntry | undefined {
    if (!isStoredObject(value)) {
      this.#options.onBadObject(key);
      return undefined;
    }
    return new StoredEntry(key, revision, value);
  }

  #notifyDifferences(before: SortedEntries, revision: number): void {
    if (this.#listeners.size === 0) return;
    this.#entries.forEach({ start: '' }, (entry) => {
      const old = before.get(entry.key);
      if (old === undefined) this.#notify('ADDED', entry);
      else if (old.revision !== entry.revision) this.#notify('MODIFIED', entry);
      return true;
    });
    before.forEach({ start: '' }, (old) => {
      if (this.#entries.get(old.key) === undefined) this.#notify('DELETED', old.withRevision(revision));
      return true;
    });
  }

  #notify(type: ChangeType, entry: StoredEntry): void {
    for (const listener of this.#listeners) {
      try {
        listener(type, entry);
      } catch (error) {
        this.#options.onListenerError(error);
      }
    }
  }
}
