/** A ResourceStore in memory, for unit tests; it keeps the store's promises about keys and revisions but serves no watches. */

import { deepClone } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { alreadyExists, internalError } from '@kubelab/apimachinery/status-error';
import type { Entry, Page, ResourceStore, Update, Watcher } from '../storage/store.js';

export class MemoryStore implements ResourceStore {
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(type: 'ADDED' | 'MODIFIED' | 'DELETED', entry: Entry) => void>();
  #revision = 0;

  pathOf(key: string): string {
    return `/registry/${key}`;
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#entries.get(key);
  }

  async list(): Promise<Page> {
    return { entries: this.peekAll(), revision: this.#revision };
  }

  async watch(): Promise<Watcher> {
    throw internalError(new Error('this store cannot be watched'));
  }

  async create(key: string, object: UnstructuredObject): Promise<Entry> {
    if (this.#entries.has(key)) throw alreadyExists({ group: '', resource: 'objects' }, key);
    return this.#write(key, object, 'ADDED');
  }

  async update(
    key: string,
    update: (current: Entry | undefined) => Promise<Update> | Update,
    options: { create?: boolean } = {},
  ): Promise<Entry | undefined> {
    for (;;) {
      const current = this.#entries.get(key);
      const result = await update(current);
      // Somebody else wrote while `update` was thinking.
      if (this.#entries.get(key) !== current) continue;
      if (result.action === 'keep' || (!current && !options.create)) return current;
      if (result.action === 'write') return this.#write(key, result.object, current ? 'MODIFIED' : 'ADDED');
      if (current) this.#remove(key, current);
      return current;
    }
  }

  peek(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  peekAll(): Entry[] {
    return [...this.#entries.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  onChange(listener: (type: 'ADDED' | 'MODIFIED' | 'DELETED', entry: Entry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async ready(): Promise<void> {}

  #write(key: string, given: UnstructuredObject, type: 'ADDED' | 'MODIFIED'): Entry {
    const revision = ++this.#revision;
    const object = deepClone(given);
    object.metadata.resourceVersion = String(revision);
    const entry = { key, revision, bytes: Buffer.from(JSON.stringify(object)), itemOffset: 0, object };
    this.#entries.set(key, entry);
    for (const listener of this.#listeners) listener(type, entry);
    return entry;
  }

  #remove(key: string, entry: Entry): void {
    this.#revision++;
    this.#entries.delete(key);
    for (const listener of this.#listeners) listener('DELETED', entry);
  }
}
