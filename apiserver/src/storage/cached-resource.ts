/** All that belongs to one resource: its cache, what fills it, and the store on top. */

import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { BookmarkWheel } from './bookmark-wheel.js';
import { CacheLoader } from './cache-loader.js';
import type { EtcdClient, KeyEvent } from './etcd-client.js';
import { EtcdResourceStore } from './etcd-resource-store.js';
import { Freshness } from './freshness.js';
import type { LeasePool } from './lease-pool.js';
import { PageSnapshots } from './page-snapshots.js';
import type { ResourceContext } from './resource-context.js';
import type { RevisionReader } from './revision-reader.js';
import type { StorageMetrics } from './storage-metrics.js';
import type { Storage } from './store.js';
import { WatchCache } from './watch-cache.js';
import type { WatchStream } from './watch-stream.js';

export type ResourceOptions = Parameters<Storage['resource']>[0];

/** What all resources of a storage share. */
export interface SharedParts {
  client: EtcdClient;
  clock: Clock;
  log: Logger;
  metrics: StorageMetrics;
  stream: WatchStream;
  revisions: RevisionReader;
  leases: LeasePool;
  bookmarks: BookmarkWheel;
  /** With a slash at the end: `/registry/`. */
  prefix: string;
  historyBytes: number;
  watchQueueLimit: number;
  watchQueueBytes: number;
}

export class CachedResource {
  readonly store: EtcdResourceStore;
  readonly #shared: SharedParts;
  readonly #context: ResourceContext;
  readonly #loader: CacheLoader;
  readonly #snapshots: PageSnapshots;
  #reported = 0;

  constructor(shared: SharedParts, options: ResourceOptions) {
    this.#shared = shared;
    const labels = { group: options.group, resource: options.plural };
    const prefix = `${shared.prefix}${options.storagePath}/`;
    const cache = makeCache(shared, prefix);
    this.#snapshots = new PageSnapshots(shared.clock);
    this.#loader = this.#makeLoader(cache, prefix, labels);
    const freshness = new Freshness({
      cache,
      currentRevision: () => shared.metrics.time('revision', labels, () => shared.revisions.read()),
      waitForStream: (revision, timeoutMs) => shared.stream.waitFor(revision, timeoutMs),
      onLag: () => shared.stream.reconnect(new Error('the watch lags behind etcd')),
      waitForLoad: (timeoutMs) => this.#loader.wait(timeoutMs),
      metrics: shared.metrics,
      labels,
    });
    const { kind, apiVersion } = options;
    const groupResource = { group: options.group, resource: options.plural };
    this.#context = { ...shared, cache, freshness, prefix, groupResource, kind, apiVersion, labels };
    const ready = async (): Promise<void> => void (await this.#loader.wait());
    this.store = new EtcdResourceStore(this.#context, { snapshots: this.#snapshots, ready });
  }

  get loaded(): boolean {
    return this.#context.cache.loaded;
  }

  /** Begins to fill the cache. */
  start(): void {
    this.#loader.load().catch((error: unknown) => this.#shared.log.error('cache could not be filled', { error }));
  }

  apply(event: KeyEvent): void {
    this.#context.cache.apply(event);
  }

  flush(): void {
    this.#context.cache.flush();
  }

  /** Changes between the revisions are lost. */
  reset(seen: number, revision: number): void {
    this.#context.cache.invalidate(seen, revision);
    this.#snapshots.clear();
    this.start();
  }

  /** Brings the metrics up to date and lets go of what nobody uses. */
  tidy(): void {
    const { cache, labels, metrics } = this.#context;
    this.#snapshots.prune();
    cache.entries.coolIdle();
    const fresh = cache.received - this.#reported;
    this.#reported = cache.received;
    metrics.eventsReceived.inc(labels, fresh);
    metrics.eventsDispatched.inc(labels, fresh);
    const { group, resource } = labels;
    metrics.objects.set({ resource: group === '' ? resource : `${resource}.${group}` }, cache.entries.size);
  }

  /** Nobody needs the resource any more: watches end as if their time was up. */
  release(): void {
    const { cache, labels, metrics } = this.#context;
    this.#loader.close();
    cache.flush();
    cache.closeWatchers();
    this.#snapshots.clear();
    metrics.objects.remove({ resource: labels.group === '' ? labels.resource : `${labels.resource}.${labels.group}` });
  }

  close(error: Error): void {
    this.#loader.close();
    this.#context.cache.endWatchers(error);
  }

  #makeLoader(cache: WatchCache, prefix: string, labels: ResourceContext['labels']): CacheLoader {
    const { client, clock, log, metrics } = this.#shared;
    return new CacheLoader({
      client,
      clock,
      cache,
      prefix,
      onLoaded: () => {
        metrics.initializations.inc(labels);
        this.tidy();
      },
      onFailure: (error) => log.warn('cache could not be filled, trying again', { ...labels, error }),
    });
  }
}

function makeCache({ historyBytes, stream, log }: SharedParts, prefix: string): WatchCache {
  return new WatchCache({
    historyBytes,
    streamRevision: () => stream.seen,
    onBadObject: (key) =>
      log.error('etcd holds something that is not an object, leaving it out', { key: prefix + key }),
    onListenerError: (error) => log.error('a listener to changes failed', { prefix, error }),
  });
}
