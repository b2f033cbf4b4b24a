/** Waits until a cache is as new as a request demands. */

import { storageNotReady, tooLargeResourceVersion } from './storage-errors.js';
import type { ResourceLabels, StorageMetrics } from './storage-metrics.js';
import type { WatchCache } from './watch-cache.js';

export interface FreshnessOptions {
  cache: WatchCache;
  /** etcd's revision, asked for now. */
  currentRevision(): Promise<number>;
  /** Resolves with whether the watch stream has seen the revision within the time. */
  waitForStream(revision: number, timeoutMs: number): Promise<boolean>;
  /** Resolves with whether the first state is there within the time. */
  waitForLoad(timeoutMs: number): Promise<boolean>;
  /** The stream did not bring a revision that etcd has. */
  onLag(): void;
  metrics: StorageMetrics;
  labels: ResourceLabels;
}

/** As upstream; after it the client is told to come again. */
const longestWaitMs = 3_000;

export class Freshness {
  readonly #options: FreshnessOptions;

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  /** There is some complete state. Throws StatusError 429. */
  async loaded(): Promise<void> {
    if (this.#options.cache.loaded) return;
    if (!(await this.#options.waitForLoad(longestWaitMs))) throw storageNotReady();
  }

  /** Everything that was acknowledged before the call is in the cache. Throws StatusError 503 or 504. */
  async consistent(): Promise<void> {
    const { metrics, labels } = this.#options;
    let success = 'false';
    try {
      const revision = await this.#options.currentRevision();
      await this.atLeast(revision).catch((error: unknown) => {
        if (this.#options.cache.revision < revision) this.#options.onLag();
        throw error;
      });
      success = 'true';
    } finally {
      metrics.consistentReads.inc({ ...labels, success, fallback: 'false' });
    }
  }

  /** The cache has seen `revision`. Throws StatusError 504 when it does not come. */
  async atLeast(revision: number): Promise<void> {
    const { cache, metrics, labels } = this.#options;
    await this.loaded();
    if (cache.revision >= revision) return;
    const start = performance.now();
    const seen = await this.#options.waitForStream(revision, longestWaitMs);
    metrics.readWait.observe(labels, (performance.now() - start) / 1_000);
    if (!seen) throw tooLargeResourceVersion(revision, cache.revision);
    // The stream may have been reset meanwhile.
    await this.loaded();
  }
}
