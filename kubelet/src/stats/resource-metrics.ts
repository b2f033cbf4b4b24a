/** Prometheus text of /metrics/resource: what a metrics server reads. Pure. */
import type { Pod } from '@kubelab/api/types';
import type { ContainerStats } from '@kubelab/proto/generated/runtime-v1';
import type { NodeUsage } from '../node/node-usage.js';
import { type Family, MetricText } from './metric-text.js';
import { statusesOf } from './pod-summary.js';
import { containerNameOf, cpuSeconds, type PodUsage, sum } from './pod-usage.js';

const families = {
  containerCpu: {
    name: 'container_cpu_usage_seconds_total',
    type: 'counter',
    help: 'Cumulative cpu time consumed by the container in core-seconds',
  },
  containerMemory: {
    name: 'container_memory_working_set_bytes',
    type: 'gauge',
    help: 'Current working set of the container in bytes',
  },
  containerStart: {
    name: 'container_start_time_seconds',
    type: 'gauge',
    help: 'Start time of the container since unix epoch in seconds',
  },
  podCpu: {
    name: 'pod_cpu_usage_seconds_total',
    type: 'counter',
    help: 'Cumulative cpu time consumed by the pod in core-seconds',
  },
  podMemory: {
    name: 'pod_memory_working_set_bytes',
    type: 'gauge',
    help: 'Current working set of the pod in bytes',
  },
  nodeCpu: {
    name: 'node_cpu_usage_seconds_total',
    type: 'counter',
    help: 'Cumulative cpu time consumed by the node in core-seconds',
  },
  nodeMemory: {
    name: 'node_memory_working_set_bytes',
    type: 'gauge',
    help: 'Current working set of the node in bytes',
  },
  scrapeError: {
    name: 'resource_scrape_error',
    type: 'gauge',
    help: '1 if there was an error while getting container metrics, 0 otherwise',
  },
} as const satisfies Record<string, Family>;

export function resourceMetrics(node: NodeUsage, usage: readonly PodUsage[], pods: readonly Pod[]): string {
  const text = new MetricText();
  const known = new Map(pods.map((pod) => [pod.metadata.uid, pod]));
  for (const pod of usage) {
    for (const container of pod.containers) addContainer(text, pod, container, known.get(pod.uid));
    addPod(text, pod);
  }
  text.add(families.nodeCpu, {}, node.cpuNanoseconds / 1e9);
  text.add(families.nodeMemory, {}, node.memoryWorkingSet);
  text.add(families.scrapeError, {}, 0);
  return text.toString();
}

function addContainer(text: MetricText, usage: PodUsage, container: ContainerStats, pod: Pod | undefined): void {
  const labels = { container: containerNameOf(container), namespace: usage.namespace, pod: usage.name };
  const status = statusesOf(pod).find(({ name }) => name === labels.container);
  const startedAt = status?.state?.running?.startedAt;
  text.add(families.containerCpu, labels, cpuSeconds(container.cpu));
  text.add(families.containerMemory, labels, container.memory?.workingSetBytes?.value);
  text.add(families.containerStart, labels, startedAt === undefined ? undefined : Date.parse(startedAt) / 1000);
}

function addPod(text: MetricText, { namespace, name, containers, whole }: PodUsage): void {
  const labels = { namespace, pod: name };
  const cpu = whole?.linux?.cpu;
  const memory =
    whole?.linux?.memory?.workingSetBytes?.value ?? sum(containers.map((item) => item.memory?.workingSetBytes?.value));
  text.add(families.podCpu, labels, cpu ? cpuSeconds(cpu) : sum(containers.map((item) => cpuSeconds(item.cpu))));
  text.add(families.podMemory, labels, memory);
}
