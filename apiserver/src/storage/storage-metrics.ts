/** What the storage reports of itself, under upstream's names. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface ResourceLabels {
  group: string;
  resource: string;
}

export type EtcdOperation = 'get' | 'list' | 'create' | 'update' | 'delete' | 'revision';

const etcdBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const labelNames = ['group', 'resource'] as const;

export class StorageMetrics {
  readonly etcdDuration: Histogram<'operation' | 'group' | 'resource'>;
  readonly etcdRequests: Counter<'operation' | 'group' | 'resource'>;
  readonly etcdErrors: Counter<'operation' | 'group' | 'resource'>;
  readonly databaseBytes: Gauge;
  readonly objects: Gauge<'resource'>;
  readonly consistentReads: Counter<'group' | 'resource' | 'success' | 'fallback'>;
  readonly eventsReceived: Counter<'group' | 'resource'>;
  readonly eventsDispatched: Counter<'group' | 'resource'>;
  readonly initializations: Counter<'group' | 'resource'>;
  readonly readWait: Histogram<'group' | 'resource'>;
  readonly resourceVersion: Gauge;
  readonly terminatedWatchers: Counter<'group' | 'resource'>;
  readonly watchers: Gauge<'group' | 'resource'>;

  /** Without a registry the metrics are counted and shown nowhere. */
  constructor(registry: Registry = new Registry()) {
    const registers = [registry];
    const etcdLabels = ['operation', ...labelNames] as const;
    this.etcdDuration = new Histogram({
      name: 'etcd_request_duration_seconds',
      help: 'Etcd request latency in seconds for each operation and object type.',
      labelNames: etcdLabels,
      buckets: etcdBuckets,
      registers,
    });
    this.etcdRequests = new Counter({
      name: 'etcd_requests_total',
      help: 'Etcd request counts for each operation and object type.',
      labelNames: etcdLabels,
      registers,
    });
    this.etcdErrors = new Counter({
      name: 'etcd_request_errors_total',
      help: 'Etcd failed request counts for each operation and object type.',
      labelNames: etcdLabels,
      registers,
    });
    this.databaseBytes = new Gauge({
      name: 'apiserver_storage_size_bytes',
      help: 'Size of the storage database file physically allocated in bytes.',
      registers,
    });
    this.objects = new Gauge({
      name: 'apiserver_storage_objects',
      help: 'Number of stored objects at the time of last check split by kind.',
      labelNames: ['resource'],
      registers,
    });
    this.consistentReads = new Counter({
      name: 'apiserver_watch_cache_consistent_read_total',
      help: 'Counter for consistent reads from cache.',
      labelNames: [...labelNames, 'success', 'fallback'],
      registers,
    });
    this.eventsReceived = new Counter({
      name: 'apiserver_watch_cache_events_received_total',
      help: 'Counter of events received in watch cache broken by resource type.',
      labelNames,
      registers,
    });
    this.eventsDispatched = new Counter({
      name: 'apiserver_watch_cache_events_dispatched_total',
      help: 'Counter of events dispatched in watch cache broken by resource type.',
      labelNames,
      registers,
    });
    this.initializations = new Counter({
      name: 'apiserver_watch_cache_initializations_total',
      help: 'Counter of watch cache initializations broken by resource type.',
      labelNames,
      registers,
    });
    this.readWait = new Histogram({
      name: 'apiserver_watch_cache_read_wait_seconds',
      help: 'Histogram of time spent waiting for a watch cache to become fresh.',
      labelNames,
      buckets: [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3],
      registers,
    });
    this.resourceVersion = new Gauge({
      name: 'apiserver_watch_cache_resource_version',
      help: 'Current resource version of the watch cache.',
      registers,
    });
    this.terminatedWatchers = new Counter({
      name: 'apiserver_terminated_watchers_total',
      help: 'Counter of watchers closed due to unresponsiveness broken by resource type.',
      labelNames,
      registers,
    });
    this.watchers = new Gauge({
      name: 'apiserver_watch_cache_watchers',
      help: 'Watches that are served at the moment, broken by resource type.',
      labelNames,
      registers,
    });
  }

  /** Runs a request to etcd and records how long it took and whether it failed. */
  async time<T>(operation: EtcdOperation, labels: ResourceLabels, request: () => Promise<T>): Promise<T> {
    const all = { operation, ...labels };
    const start = performance.now();
    this.etcdRequests.inc(all);
    try {
      return await request();
    } catch (error) {
      this.etcdErrors.inc(all);
      throw error;
    } finally {
      this.etcdDuration.observe(all, (performance.now() - start) / 1_000);
    }
  }
}
