/** Pure: the engine's raw statistics as the CRI's. */
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import { nanoseconds } from '../engine/time.js';

/** The part of the engine's statistics that the CRI has a place for; the memory details differ between cgroup v1 and v2. */
export interface EngineStats {
  read: string;
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  pids_stats?: { current?: number };
  memory_stats?: { usage?: number; stats?: Record<string, number> };
}

export function cpuUsage(stats: EngineStats): cri.CpuUsageInput {
  return {
    timestamp: nanoseconds(stats.read),
    usageCoreNanoSeconds: { value: stats.cpu_stats?.cpu_usage?.total_usage ?? 0 },
  };
}

export function memoryUsage(stats: EngineStats): cri.MemoryUsageInput {
  const { usage = 0, stats: details = {} } = stats.memory_stats ?? {};
  const inactiveFile = details['total_inactive_file'] ?? details['inactive_file'] ?? 0;
  return {
    timestamp: nanoseconds(stats.read),
    usageBytes: { value: usage },
    workingSetBytes: { value: Math.max(0, usage - inactiveFile) },
    rssBytes: { value: details['total_rss'] ?? details['anon'] ?? 0 },
    pageFaults: { value: details['total_pgfault'] ?? details['pgfault'] ?? 0 },
    majorPageFaults: { value: details['total_pgmajfault'] ?? details['pgmajfault'] ?? 0 },
  };
}

/** `/proc/<pid>/net/dev` without the loopback. */
export function networkInterfaces(text: string): cri.NetworkInterfaceUsageInput[] {
  return text
    .split('\n')
    .slice(2)
    .flatMap((line) => {
      const [name = '', rest] = line.split(':');
      if (rest === undefined || name.trim() === 'lo') return [];
      const counters = rest.trim().split(/\s+/).map(Number);
      return {
        name: name.trim(),
        rxBytes: { value: counters[0] ?? 0 },
        rxErrors: { value: counters[2] ?? 0 },
        txBytes: { value: counters[8] ?? 0 },
        txErrors: { value: counters[10] ?? 0 },
      };
    });
}

/** Cores in use between two readings, in billionths: what the CRI calls usage_nano_cores. */
export function nanoCores(before: cri.CpuUsageInput, after: cri.CpuUsageInput): number | undefined {
  const elapsed = (after.timestamp ?? 0) - (before.timestamp ?? 0);
  const used = (after.usageCoreNanoSeconds?.value ?? 0) - (before.usageCoreNanoSeconds?.value ?? 0);
  return elapsed > 0 && used >= 0 ? Math.round((used / elapsed) * 1e9) : undefined;
}

/** The pod's usage: the sum over its containers and the sandbox. */
export function sumUsage(parts: readonly { cpu: cri.CpuUsageInput; memory: cri.MemoryUsageInput }[]): {
  cpu: cri.CpuUsageInput;
  memory: cri.MemoryUsageInput;
} {
  const sum = (pick: (part: (typeof parts)[number]) => cri.UInt64ValueInput | null | undefined) => ({
    value: parts.reduce((total, part) => total + (pick(part)?.value ?? 0), 0),
  });
  const timestamp = Math.max(0, ...parts.map((part) => part.cpu.timestamp ?? 0));
  return {
    cpu: {
      timestamp,
      usageCoreNanoSeconds: sum(({ cpu }) => cpu.usageCoreNanoSeconds),
      usageNanoCores: sum(({ cpu }) => cpu.usageNanoCores),
    },
    memory: {
      timestamp,
      usageBytes: sum(({ memory }) => memory.usageBytes),
      workingSetBytes: sum(({ memory }) => memory.workingSetBytes),
      rssBytes: sum(({ memory }) => memory.rssBytes),
      pageFaults: sum(({ memory }) => memory.pageFaults),
      majorPageFaults: sum(({ memory }) => memory.majorPageFaults),
    },
  };
}
