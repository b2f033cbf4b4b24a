/** {@link ResourceStore} on etcd: reads from the watch cache, writes compared in etcd. */

import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { StoredEntry } from './encoding.js';
import { ListReader } from './list-reader.js';
import { ObjectWriter, type UpdateOptions, type WriteOptions } from './object-writer.js';
import type { PageSnapshots } from './page-snapshots.js';
import type { ResourceContext } from './resource-context.js';
import { rangeOf } from './sorted-entries.js';
import { parseResourceVersion } from './storage-errors.js';
import type { Entry, ListOptions, Page, ResourceStore, Update, Watcher, WatchOptions, WatchSink } from './store.js';
import { registerWatch } from './watch-registrar.js';

export class EtcdResourceStore implements ResourceStore {
  readonly #context: ResourceContext;
  readonly #lists: ListReader;
  readonly #writer: ObjectWriter;
  readonly #ready: () => Promise<void>;

  constructor(context: ResourceContext, options: { snapshots: PageSnapshots; ready(): Promise<void> }) {
    this.#context = context;
    this.#lists = new ListReader(context, options.snapshots);
    this.#writer = new ObjectWriter(context);
    this.#ready = options.ready;
  }

  pathOf(key: string): string {
    return `${this.#context.prefix}${key}`;
  }

  async get(key: string, options: { resourceVersion?: string } = {}): Promise<StoredEntry | undefined> {
    const { freshness, cache } = this.#context;
    if (!options.resourceVersion) await freshness.consistent();
    else await freshness.atLeast(parseResourceVersion(options.resourceVersion));
    return cache.entries.get(key);
  }

  list(options: ListOptions = {}): Promise<Page> {
    return this.#lists.list(options);
  }

  watch(options: WatchOptions, sink: WatchSink): Promise<Watcher> {
    return registerWatch(this.#context, options, sink);
  }

  create(key: string, object: UnstructuredObject, options: WriteOptions = {}): Promise<Entry> {
    return this.#writer.create(key, object, options);
  }

  update(
    key: string,
    update: (current: Entry | undefined) => Promise<Update> | Update,
    options: UpdateOptions = {},
  ): Promise<Entry | undefined> {
    return this.#writer.update(key, update, options);
  }

  peek(key: string): Entry | undefined {
    return this.#context.cache.entries.get(key);
  }

  peekAll(namespace?: string): Entry[] {
    return this.#context.cache.entries.toArray(rangeOf(namespace));
  }

  onChange(listener: (type: 'ADDED' | 'MODIFIED' | 'DELETED', entry: Entry) => void): () => void {
    return this.#context.cache.onChange(listener);
  }

  ready(): Promise<void> {
    return this.#ready();
  }
}
