/** Fills a cache from etcd, again after changes were lost, and tells when it is there. */

import type { Clock } from '@kubelab/component/clock';
import { keyAfter } from './continue-token.js';
import type { StoredEntry } from './encoding.js';
import { type EtcdClient, prefixEnd } from './etcd-client.js';
import type { WatchCache } from './watch-cache.js';

export interface CacheLoaderOptions {
  client: EtcdClient;
  clock: Clock;
  cache: WatchCache;
  prefix: string;
  onLoaded(): void;
  /** The attempt failed and will be repeated. */
  onFailure(error: unknown): void;
}

const chunk = 1_000;
const pauseMs = 500;

export class CacheLoader {
  readonly #options: CacheLoaderOptions;
  readonly #stop = new AbortController();
  /** Loads that a newer one has replaced must not fill the cache. */
  #generation = 0;
  #waiting: ((loaded: boolean) => void)[] = [];

  constructor(options: CacheLoaderOptions) {
    this.#options = options;
  }

  /** Begins to load; resolves when the cache is filled, newly started or closed. */
  async load(): Promise<void> {
    const generation = ++this.#generation;
    const isCurrent = (): boolean => generation === this.#generation && !this.#stop.signal.aborted;
    while (isCurrent()) {
      try {
        const { found, revision } = await this.#readAll();
        if (isCurrent()) this.#fill(found, revision);
        return;
      } catch (error) {
        if (!isCurrent()) return;
        this.#options.onFailure(error);
        await this.#options.clock.sleep(pauseMs, this.#stop.signal).catch(() => undefined);
      }
    }
  }

  /** Resolves with whether the cache was filled within the time (absent: as long as it takes). */
  wait(timeoutMs?: number): Promise<boolean> {
    if (this.#options.cache.loaded) return Promise.resolve(true);
    if (this.#stop.signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer =
        timeoutMs === undefined ? undefined : this.#options.clock.setTimeout(() => finish(false), timeoutMs);
      const finish = (loaded: boolean): void => {
        timer?.clear();
        this.#waiting = this.#waiting.filter((other) => other !== finish);
        resolve(loaded);
      };
      this.#waiting.push(finish);
    });
  }

  close(): void {
    this.#stop.abort(new Error('the storage was closed'));
    for (const finish of [...this.#waiting]) finish(false);
  }

  #fill(found: StoredEntry[], revision: number): void {
    this.#options.cache.load(found, revision);
    this.#options.onLoaded();
    for (const finish of [...this.#waiting]) finish(true);
  }

  /** All keys as of one revision, without the prefix. */
  async #readAll(): Promise<{ found: StoredEntry[]; revision: number }> {
    const { client, prefix, cache } = this.#options;
    const end = prefixEnd(prefix);
    const found: StoredEntry[] = [];
    let revision = 0;
    for (let start = prefix; ; ) {
      const page = await client.range({ start, end, limit: chunk, ...(revision > 0 ? { revision } : {}) });
      if (revision === 0) revision = page.revision;
      for (const kv of page.kvs) {
        const entry = cache.entryOf({ ...kv, key: kv.key.slice(prefix.length) });
        if (entry === undefined) continue;
        // Makes the lasting copy now, so that the page can go.
        void entry.bytes;
        found.push(entry);
      }
      const last = page.kvs[page.kvs.length - 1];
      if (last === undefined || page.count <= page.kvs.length) return { found, revision };
      start = keyAfter(last.key);
    }
  }
}
