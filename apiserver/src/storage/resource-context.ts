/** What the parts of one resource's store share. */

import type { GroupResource } from '@kubelab/apimachinery/meta';
import type { Clock } from '@kubelab/component/clock';
import type { BookmarkWheel } from './bookmark-wheel.js';
import type { EtcdClient } from './etcd-client.js';
import type { Freshness } from './freshness.js';
import type { LeasePool } from './lease-pool.js';
import type { ResourceLabels, StorageMetrics } from './storage-metrics.js';
import type { WatchCache } from './watch-cache.js';

export interface ResourceContext {
  client: EtcdClient;
  clock: Clock;
  metrics: StorageMetrics;
  leases: LeasePool;
  bookmarks: BookmarkWheel;
  cache: WatchCache;
  freshness: Freshness;
  /** In etcd, with a slash at the end: `/registry/pods/`. */
  prefix: string;
  /** For messages. */
  groupResource: GroupResource;
  kind: string;
  apiVersion: string;
  labels: ResourceLabels;
  /** Events that may wait for one watcher whose client does not read. */
  watchQueueLimit: number;
  watchQueueBytes: number;
}

/** `namespace/name` or `name` without the namespace. */
export function nameOfKey(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
