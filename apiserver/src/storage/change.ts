/** One change of one object, and how it looks to watchers. */

import type { StoredEntry } from './encoding.js';
import type { EntryPredicate, WatchEvent } from './store.js';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** Shared by all watchers, and so are the events it gives out. */
export class Change {
  readonly type: ChangeType;
  /** The new state; for DELETED the last one with the revision of the deletion. */
  readonly entry: StoredEntry;
  readonly previous: StoredEntry | undefined;
  #added: WatchEvent | undefined;
  #modified: WatchEvent | undefined;
  #deleted: WatchEvent | undefined;

  constructor(type: ChangeType, entry: StoredEntry, previous: StoredEntry | undefined) {
    this.type = type;
    this.entry = entry;
    this.previous = previous;
  }

  get revision(): number {
    return this.entry.revision;
  }

  /** What a watcher with this predicate sees: an object that starts to match is added, one that ceases to match is deleted. */
  eventFor(predicate: EntryPredicate | undefined): WatchEvent | undefined {
    if (predicate === undefined) return this.#event(this.type);
    const matches = this.type !== 'DELETED' && predicate(this.entry);
    const matched = this.previous !== undefined && predicate(this.previous);
    if (matches) return this.#event(matched ? 'MODIFIED' : 'ADDED');
    return matched ? this.#event('DELETED') : undefined;
  }

  /** Lets go of what later readers of the history can do without, or make again. */
  cool(): void {
    this.#added = undefined;
    this.#modified = undefined;
    this.#deleted = undefined;
    this.previous?.cool();
  }

  #event(type: ChangeType): WatchEvent {
    const { revision } = this;
    if (type === 'ADDED') {
      this.#added ??= { type, revision, entry: this.entry };
      return this.#added;
    }
    if (type === 'MODIFIED') {
      this.#modified ??= { type, revision, entry: this.entry };
      return this.#modified;
    }
    this.#deleted ??= { type, revision, entry: this.#lastState() };
    return this.#deleted;
  }

  #lastState(): StoredEntry {
    if (this.type === 'DELETED' || this.previous === undefined) return this.entry;
    return this.previous.withRevision(this.revision);
  }
}
