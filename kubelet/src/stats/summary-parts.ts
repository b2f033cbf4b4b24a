/** Parts of the summary that pods and their containers have in common. Pure. */
import { formatTime } from '@kubelab/apimachinery/time';
import type { CpuUsage, FilesystemUsage, MemoryUsage, SwapUsage } from '@kubelab/proto/generated/runtime-v1';
import type { DiskUsage } from '../node/machine.js';
import type { Size } from './pod-files.js';

/** A part of the node's disk. */
export function partOf(disk: DiskUsage, used: Size, time: string): Record<string, unknown> {
  return { ...fileSystem(disk, time), usedBytes: used.bytes, inodesUsed: used.inodes };
}

function at(nanoseconds: number | undefined, otherwise: string): string {
  return nanoseconds ? formatTime(new Date(nanoseconds / 1e6)) : otherwise;
}

export function cpuSummary(cpu: CpuUsage | null, time: string): unknown {
  return {
    time: at(cpu?.timestamp, time),
    ...(cpu?.usageNanoCores ? { usageNanoCores: cpu.usageNanoCores.value } : {}),
    usageCoreNanoSeconds: cpu?.usageCoreNanoSeconds?.value ?? 0,
  };
}

export function memorySummary(memory: MemoryUsage | null, time: string): unknown {
  return {
    time: at(memory?.timestamp, time),
    ...(memory?.availableBytes?.value ? { availableBytes: memory.availableBytes.value } : {}),
    usageBytes: memory?.usageBytes?.value ?? 0,
    workingSetBytes: memory?.workingSetBytes?.value ?? 0,
    rssBytes: memory?.rssBytes?.value ?? 0,
    pageFaults: memory?.pageFaults?.value ?? 0,
    majorPageFaults: memory?.majorPageFaults?.value ?? 0,
  };
}

export function swapSummary(swap: SwapUsage, time: string): unknown {
  return {
    time: at(swap.timestamp, time),
    ...(swap.swapAvailableBytes ? { swapAvailableBytes: swap.swapAvailableBytes.value } : {}),
    swapUsageBytes: swap.swapUsageBytes?.value ?? 0,
  };
}

export function usedSummary(usage: FilesystemUsage | null, time: string): unknown {
  return {
    time: at(usage?.timestamp, time),
    usedBytes: usage?.usedBytes?.value ?? 0,
    inodesUsed: usage?.inodesUsed?.value ?? 0,
  };
}

export function fileSystem(disk: DiskUsage, time: string): Record<string, unknown> {
  return {
    time,
    availableBytes: disk.availableBytes,
    capacityBytes: disk.capacityBytes,
    usedBytes: disk.capacityBytes - disk.availableBytes,
    inodesFree: disk.inodesFree,
    inodes: disk.inodes,
    inodesUsed: disk.inodes - disk.inodesFree,
  };
}
