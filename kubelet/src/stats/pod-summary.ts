/** A pod in the summary. Pure. */
import type { Pod, PodStatus } from '@kubelab/api/types';
import type { ContainerStats } from '@kubelab/proto/generated/runtime-v1';
import type { DiskUsage } from '../node/machine.js';
import type { PodFiles } from './pod-files.js';
import { containerNameOf, type PodUsage, sum } from './pod-usage.js';
import { cpuSummary, memorySummary, partOf, swapSummary, usedSummary } from './summary-parts.js';

export interface SummaryContext {
  pod: Pod | undefined;
  files: PodFiles;
  disk: DiskUsage;
  time: string;
}

function volumeSummaries({ files, time }: SummaryContext): unknown[] {
  return files.volumes.map(({ name, size, disk, claim }) => ({
    ...partOf(disk, size, time),
    name,
    ...(claim ? { pvcRef: claim } : {}),
  }));
}

/** Upstream's sum of writable layers, logs and volumes on the node's disk. */
function ephemeralStorage(usage: PodUsage, { files, disk, time }: SummaryContext): unknown {
  const layers = usage.containers.map(({ writableLayer }) => ({
    bytes: writableLayer?.usedBytes?.value ?? 0,
    inodes: writableLayer?.inodesUsed?.value ?? 0,
  }));
  const volumes = files.volumes.filter(({ isEphemeral }) => isEphemeral).map(({ size }) => size);
  const all = [...layers, ...files.logs.values(), ...volumes];
  const total = { bytes: sum(all.map(({ bytes }) => bytes)), inodes: sum(all.map(({ inodes }) => inodes)) };
  return partOf(disk, total, time);
}

export function statusesOf(pod: Pod | undefined): NonNullable<PodStatus['containerStatuses']> {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod?.status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

export function podSummary(usage: PodUsage, context: SummaryContext): unknown {
  const { pod, files, time } = context;
  const whole = usage.whole?.linux;
  const network = networkSummary(usage);
  return {
    podRef: { name: usage.name, namespace: usage.namespace, uid: usage.uid },
    startTime: pod?.status?.startTime ?? null,
    containers: usage.containers.map((container) => containerSummary(container, context)),
    cpu: whole?.cpu
      ? cpuSummary(whole.cpu, time)
      : {
          time,
          usageNanoCores: sum(usage.containers.map((item) => item.cpu?.usageNanoCores?.value)),
          usageCoreNanoSeconds: sum(usage.containers.map((item) => item.cpu?.usageCoreNanoSeconds?.value)),
        },
    memory: whole?.memory
      ? memorySummary(whole.memory, time)
      : {
          time,
          workingSetBytes: sum(usage.containers.map((item) => item.memory?.workingSetBytes?.value)),
          usageBytes: sum(usage.containers.map((item) => item.memory?.usageBytes?.value)),
        },
    ...(files.volumes.length > 0 ? { volume: volumeSummaries(context) } : {}),
    'ephemeral-storage': ephemeralStorage(usage, context),
    ...(network ? { network: { time, ...network, interfaces: [network] } } : {}),
    ...(whole?.process?.processCount ? { process_stats: { process_count: whole.process.processCount.value } } : {}),
  };
}

function containerSummary(container: ContainerStats, { pod, files, disk, time }: SummaryContext): unknown {
  const name = containerNameOf(container);
  const status = statusesOf(pod).find((item) => item.name === name);
  return {
    name,
    startTime: status?.state?.running?.startedAt ?? null,
    cpu: cpuSummary(container.cpu, time),
    memory: memorySummary(container.memory, time),
    rootfs: usedSummary(container.writableLayer, time),
    logs: partOf(disk, files.logs.get(name) ?? { bytes: 0, inodes: 0 }, time),
    ...(container.swap ? { swap: swapSummary(container.swap, time) } : {}),
  };
}

function networkSummary({ whole }: PodUsage): object | undefined {
  const network = whole?.linux?.network?.defaultInterface;
  return network
    ? {
        name: network.name,
        rxBytes: network.rxBytes?.value ?? 0,
        rxErrors: network.rxErrors?.value ?? 0,
        txBytes: network.txBytes?.value ?? 0,
        txErrors: network.txErrors?.value ?? 0,
      }
    : undefined;
}
