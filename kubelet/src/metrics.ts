/** The kubelet's own metrics, with upstream's names. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { PodMetrics } from './pods/pod-services.js';
import type { RuntimeCacheMetrics } from './runtime/runtime-cache.js';

const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const startBuckets = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600];
const pullBuckets = [1, 5, 10, 20, 30, 60, 180, 300, 600, 900, 1200];

export interface KubeletMetrics {
  pods: PodMetrics;
  runtime: RuntimeCacheMetrics;
  imagePulled(seconds: number, bytes: number): void;
  /** `space` or `age`. */
  imageCollected(reason: string): void;
  probed(labels: {
    probe_type: string;
    result: string;
    container: string;
    pod: string;
    namespace: string;
    pod_uid: string;
  }): void;
  /** /metrics/probes has a registry of its own, as upstream. */
  probeRegistry: Registry;
}

export function createMetrics(registry: Registry, nodeName: string): KubeletMetrics {
  const registers = [registry];
  const probeRegistry = new Registry();
  new Gauge({
    name: 'kubelet_node_name',
    help: 'The node’s name. The count is always 1.',
    labelNames: ['node'],
    registers,
  }).set({ node: nodeName }, 1);
  const probes = new Counter({
    name: 'prober_probe_total',
    help: 'Cumulative number of a liveness, readiness or startup probe for a container by result.',
    labelNames: ['probe_type', 'result', 'container', 'pod', 'namespace', 'pod_uid'],
    registers: [probeRegistry],
  });
  const pulls = new Histogram({
    name: 'kubelet_image_pull_duration_seconds',
    help: 'Duration in seconds to pull an image.',
    labelNames: ['image_size_in_bytes'],
    buckets: pullBuckets,
    registers,
  });
  const collected = new Counter({
    name: 'kubelet_image_garbage_collected_total',
    help: 'Total number of images garbage collected by the kubelet, whether through disk usage or image age.',
    labelNames: ['reason'],
    registers,
  });
  return {
    imageCollected: (reason) => collected.inc({ reason }),
    pods: podMetrics(registers),
    runtime: runtimeMetrics(registers),
    imagePulled: (seconds, bytes) => pulls.observe({ image_size_in_bytes: sizeBucket(bytes) }, seconds),
    probed: (labels) => probes.inc(labels),
    probeRegistry,
  };
}

function podMetrics(registers: Registry[]): PodMetrics {
  const started = new Histogram({
    name: 'kubelet_pod_start_duration_seconds',
    help: 'Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run',
    buckets: startBuckets,
    registers,
  });
  const containers = new Counter({
    name: 'kubelet_started_containers_total',
    help: 'Cumulative number of containers started',
    labelNames: ['container_type'],
    registers,
  });
  const failures = new Counter({
    name: 'kubelet_started_containers_errors_total',
    help: 'Cumulative number of errors when starting containers',
    labelNames: ['container_type', 'code'],
    registers,
  });
  const operations = new Counter({
    name: 'kubelet_runtime_operations_total',
    help: 'Cumulative number of runtime operations by operation type.',
    labelNames: ['operation_type'],
    registers,
  });
  const operationErrors = new Counter({
    name: 'kubelet_runtime_operations_errors_total',
    help: 'Cumulative number of runtime operation errors by operation type.',
    labelNames: ['operation_type'],
    registers,
  });
  const operationSeconds = new Histogram({
    name: 'kubelet_runtime_operations_duration_seconds',
    help: 'Duration in seconds of runtime operations. Broken down by operation type.',
    labelNames: ['operation_type'],
    buckets: defaultBuckets,
    registers,
  });
  const syncs = new Histogram({
    name: 'kubelet_pod_worker_duration_seconds',
    help: 'Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync',
    labelNames: ['operation_type'],
    buckets: defaultBuckets,
    registers,
  });
  const rejected = new Counter({
    name: 'kubelet_admission_rejections_total',
    help: 'Cumulative number pod admission rejections by the Kubelet.',
    labelNames: ['reason'],
    registers,
  });
  return {
    podStarted: (seconds) => started.observe(seconds),
    podRejected: (reason) => rejected.inc({ reason: rejectionLabel(reason) }),
    containerStarted: (kind) => containers.inc({ container_type: kind === 'app' ? 'container' : `${kind}_container` }),
    startFailed: (kind, code) =>
      failures.inc({ container_type: kind === 'app' ? 'container' : `${kind}_container`, code }),
    runtimeOperation: (operation_type, seconds, failed) => {
      operations.inc({ operation_type });
      operationSeconds.observe({ operation_type }, seconds);
      if (failed) operationErrors.inc({ operation_type });
    },
    synced: (operation_type, seconds) => syncs.observe({ operation_type }, seconds),
  };
}

const rejectionReasons = new Set([
  'AppArmor',
  'PodOSSelectorNodeLabelDoesNotMatch',
  'PodOSNotSupported',
  'OutOfcpu',
  'OutOfmemory',
  'OutOfephemeral-storage',
  'OutOfpods',
  'Evicted',
  'SysctlForbidden',
  'NodeShutdown',
]);

/** Resources have any name, and each value of a label is a time series. */
function rejectionLabel(reason: string): string {
  if (rejectionReasons.has(reason)) return reason;
  return reason.startsWith('OutOf') ? 'OutOfExtendedResources' : 'Other';
}

function runtimeMetrics(registers: Registry[]): RuntimeCacheMetrics {
  const duration = new Histogram({
    name: 'kubelet_pleg_relist_duration_seconds',
    help: 'Duration in seconds for relisting pods in PLEG.',
    buckets: defaultBuckets,
    registers,
  });
  const interval = new Histogram({
    name: 'kubelet_pleg_relist_interval_seconds',
    help: 'Interval in seconds between relisting in PLEG.',
    buckets: defaultBuckets,
    registers,
  });
  const lastSeen = new Gauge({
    name: 'kubelet_pleg_last_seen_seconds',
    help: 'Timestamp in seconds when PLEG was last seen active.',
    registers,
  });
  const pods = new Gauge({
    name: 'kubelet_running_pods',
    help: 'Number of pods that have a running pod sandbox',
    registers,
  });
  const containers = new Gauge({
    name: 'kubelet_running_containers',
    help: 'Number of containers currently running',
    labelNames: ['container_state'],
    registers,
  });
  return {
    relist: (seconds, since) => {
      duration.observe(seconds);
      if (since !== undefined) interval.observe(since);
      lastSeen.setToCurrentTime();
    },
    pods: ({ running, containers: counts }) => {
      pods.set(running);
      for (const [container_state, count] of Object.entries(counts)) containers.set({ container_state }, count);
    },
  };
}

/** Upstream's ranges of image sizes. */
function sizeBucket(bytes: number): string {
  const limits: [number, string][] = [
    [10, '0-10MB'],
    [100, '10MB-100MB'],
    [500, '100MB-500MB'],
    [1024, '500MB-1GB'],
    [5 * 1024, '1GB-5GB'],
    [10 * 1024, '5GB-10GB'],
    [20 * 1024, '10GB-20GB'],
    [30 * 1024, '20GB-30GB'],
    [40 * 1024, '30GB-40GB'],
    [60 * 1024, '40GB-60GB'],
    [100 * 1024, '60GB-100GB'],
  ];
  return limits.find(([megabytes]) => bytes < megabytes * 1024 * 1024)?.[1] ?? 'GT100GB';
}
