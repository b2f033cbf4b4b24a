/** {@link Storage} on etcd: one connection and one watch stream, and a cache for each resource. */

import { serviceUnavailable } from '@kubelab/apimachinery/status-error';
import { type Clock, systemClock, type Timer } from '@kubelab/component/clock';
import { type Logger, silentLogger } from '@kubelab/component/logger';
import type { Registry } from 'prom-client';
import { BookmarkWheel } from './bookmark-wheel.js';
import { CachedResource, type ResourceOptions, type SharedParts } from './cached-resource.js';
import { Compactor } from './compactor.js';
import { connectEtcd, type EtcdConnectOptions } from './etcd/client.js';
import type { EtcdClient, KeyEvent } from './etcd-client.js';
import { LeasePool } from './lease-pool.js';
import { ResourceRouter } from './resource-router.js';
import { RevisionReader } from './revision-reader.js';
import { StorageMetrics } from './storage-metrics.js';
import type { ResourceStore, Storage } from './store.js';
import { WatchStream } from './watch-stream.js';

export interface StorageOptions extends EtcdConnectOptions {
  /** Folder of all keys in etcd, without a slash at the end. Default `/registry`. */
  prefix?: string;
  log?: Logger;
  /** Where the metrics go. */
  registry?: Registry;
  /** Milliseconds between compactions; 0: none. Default five minutes. */
  compactionIntervalMs?: number;
  /** Milliseconds in which etcd has to answer for the first time. Default 20,000. */
  startTimeoutMs?: number;
  /** Bytes of recent changes to remember per resource. Default 16 MiB. */
  historyBytes?: number;
  /** Events that may wait for one watcher whose client does not read. Default 5,000. */
  watchQueueLimit?: number;
  /** Bytes of objects that may wait for one watcher whose client does not read. Default 16 MiB, as much as is remembered: who is let go can go on from there. */
  watchQueueBytes?: number;
}

const housekeepingMs = 10_000;
const healthTimeoutMs = 2_000;
const defaultQueueBytes = 16 * 1024 * 1024;

/** Connects and resolves when etcd has answered. Rejects with a StatusError 503 or 504 when it does not in time. */
export async function openStorage(options: StorageOptions): Promise<EtcdStorage> {
  const storage = new EtcdStorage(connectEtcd(options), options);
  try {
    await storage.start();
  } catch (error) {
    await storage.close();
    throw error;
  }
  return storage;
}

export class EtcdStorage implements Storage {
  readonly #shared: SharedParts;
  readonly #resources = new ResourceRouter<CachedResource>();
  readonly #compactor: Compactor | undefined;
  readonly #startTimeoutMs: number;
  #housekeeping: Timer | undefined;
  #closed = false;

  constructor(client: EtcdClient, options: StorageOptions) {
    const clock = options.clock ?? systemClock;
    const log = options.log ?? silentLogger;
    this.#shared = {
      client,
      clock,
      log,
      metrics: new StorageMetrics(options.registry),
      stream: this.#makeStream(client, clock, log),
      revisions: new RevisionReader(client),
      leases: new LeasePool(client, clock),
      bookmarks: new BookmarkWheel(clock),
      prefix: `${options.prefix ?? '/registry'}/`,
      historyBytes: options.historyBytes ?? 16 * 1024 * 1024,
      watchQueueLimit: options.watchQueueLimit ?? 5_000,
      watchQueueBytes: options.watchQueueBytes ?? defaultQueueBytes,
    };
    this.#compactor = makeCompactor(this.#shared, options.compactionIntervalMs ?? 5 * 60_000);
    this.#startTimeoutMs = options.startTimeoutMs ?? 20_000;
  }

  /** Resolves when etcd has answered and the watch is on its way. */
  async start(): Promise<void> {
    const { stream, clock, bookmarks, log } = this.#shared;
    const end = clock.now() + this.#startTimeoutMs;
    for (let started = false; !started; ) {
      try {
        await stream.start();
        started = true;
      } catch (error) {
        if (clock.now() >= end) throw error;
        log.warn('etcd does not answer yet', { error });
      }
    }
    bookmarks.start();
    this.#compactor?.start();
    this.#housekeep();
  }

  resource(options: ResourceOptions): ResourceStore {
    const known = this.#resources.get(options.storagePath);
    if (known) return known.store;
    const resource = new CachedResource(this.#shared, options);
    this.#resources.set(options.storagePath, resource);
    resource.start();
    return resource.store;
  }

  release(storagePath: string): void {
    this.#resources.delete(storagePath)?.release();
  }

  async healthy(): Promise<void> {
    await this.#askEtcd();
    const missing = this.#resources.entries().filter(([, resource]) => !resource.loaded);
    if (missing.length > 0) throw serviceUnavailable(`caches not ready: ${missing.map(([path]) => path).join(', ')}`);
    if (!this.#shared.stream.connected) throw serviceUnavailable('the watch on etcd is not established');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { client, stream, bookmarks } = this.#shared;
    this.#housekeeping?.clear();
    bookmarks.stop();
    for (const resource of this.#resources.values()) resource.close(serviceUnavailable('the server is shutting down'));
    const ended = Promise.all([stream.close(), this.#compactor?.stop()]);
    client.close();
    await ended;
  }

  #makeStream(client: EtcdClient, clock: Clock, log: Logger): WatchStream {
    return new WatchStream({
      client,
      clock,
      onEvents: (events) => this.#dispatch(events),
      onReset: (seen, revision) => {
        log.warn('changes in etcd were missed, loading everything again', { seen, revision });
        this.#shared.leases.clear();
        for (const resource of this.#resources.values()) resource.reset(seen, revision);
      },
      onBroken: (error) => log.warn('the watch on etcd broke, restoring it', { error }),
    });
  }

  #dispatch(events: readonly KeyEvent[]): void {
    const { prefix } = this.#shared;
    const touched = new Set<CachedResource>();
    for (const event of events) {
      if (!event.key.startsWith(prefix)) continue;
      const found = this.#resources.find(event.key.slice(prefix.length));
      if (found === undefined) continue;
      event.key = found.key;
      found.resource.apply(event);
      touched.add(found.resource);
    }
    for (const resource of touched) resource.flush();
  }

  async #askEtcd(): Promise<void> {
    const { clock, revisions } = this.#shared;
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `etcd did not answer within ${healthTimeoutMs / 1_000} s`;
      timer = clock.setTimeout(() => reject(serviceUnavailable(message)), healthTimeoutMs);
    });
    try {
      await Promise.race([revisions.read(), late]);
    } finally {
      timer?.clear();
    }
  }

  #housekeep(): void {
    const { clock, client, metrics, stream } = this.#shared;
    for (const resource of this.#resources.values()) resource.tidy();
    metrics.resourceVersion.set(stream.seen);
    client.status().then(
      (status) => metrics.databaseBytes.set(status.databaseBytes),
      (error: unknown) => this.#shared.log.debug('etcd gives no status', { error }),
    );
    if (!this.#closed) this.#housekeeping = clock.setTimeout(() => this.#housekeep(), housekeepingMs);
  }
}

function makeCompactor({ client, clock, log }: SharedParts, intervalMs: number): Compactor | undefined {
  if (intervalMs === 0) return undefined;
  return new Compactor({
    client,
    clock,
    intervalMs,
    onFailure: (error) => log.warn('compaction of etcd failed', { error }),
  });
}
