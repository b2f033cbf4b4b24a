/** The few cAdvisor metrics that dashboards ask for most. Pure. */
import type { ContainerStats } from '@kubelab/proto/generated/runtime-v1';
import { type Family, MetricText } from './metric-text.js';
import { containerNameOf, cpuSeconds, type PodUsage } from './pod-usage.js';

const containerFamilies: readonly { family: Family; read(container: ContainerStats): number | undefined }[] = [
  {
    family: {
      name: 'container_cpu_usage_seconds_total',
      type: 'counter',
      help: 'Cumulative cpu time consumed in seconds.',
    },
    read: ({ cpu }) => cpuSeconds(cpu),
  },
  {
    family: {
      name: 'container_memory_usage_bytes',
      type: 'gauge',
      help: 'Current memory usage in bytes, including all memory regardless of when it was accessed',
    },
    read: ({ memory }) => memory?.usageBytes?.value,
  },
  {
    family: {
      name: 'container_memory_working_set_bytes',
      type: 'gauge',
      help: 'Current working set in bytes.',
    },
    read: ({ memory }) => memory?.workingSetBytes?.value,
  },
  {
    family: { name: 'container_memory_rss', type: 'gauge', help: 'Size of RSS in bytes.' },
    read: ({ memory }) => memory?.rssBytes?.value,
  },
  {
    family: {
      name: 'container_fs_usage_bytes',
      type: 'gauge',
      help: 'Number of bytes that are consumed by the container on this filesystem.',
    },
    read: ({ writableLayer }) => writableLayer?.usedBytes?.value,
  },
];

const received: Family = {
  name: 'container_network_receive_bytes_total',
  type: 'counter',
  help: 'Cumulative count of bytes received',
};
const transmitted: Family = {
  name: 'container_network_transmit_bytes_total',
  type: 'counter',
  help: 'Cumulative count of bytes transmitted',
};

export function cadvisorMetrics(usage: readonly PodUsage[]): string {
  const text = new MetricText();
  for (const { name: pod, namespace, containers, whole } of usage) {
    for (const container of containers) {
      const labels = { container: containerNameOf(container), namespace, pod, id: container.attributes?.id ?? '' };
      for (const { family, read } of containerFamilies) text.add(family, labels, read(container));
    }
    const network = whole?.linux?.network?.defaultInterface;
    const labels = { namespace, pod, interface: network?.name ?? '' };
    text.add(received, labels, network?.rxBytes?.value);
    text.add(transmitted, labels, network?.txBytes?.value);
  }
  return text.toString();
}
