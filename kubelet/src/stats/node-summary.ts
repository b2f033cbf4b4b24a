/** The node in the summary. Pure. */
import type { DiskUsage } from '../node/machine.js';
import type { NodeUsage } from '../node/node-usage.js';
import { fileSystem } from './summary-parts.js';

export interface NodeSummaryInputs {
  nodeName: string;
  usage: NodeUsage;
  /** Of all pods together; undefined where they have no cgroup of their own. */
  pods: NodeUsage | undefined;
  disk: DiskUsage;
  /** Processes of the node, and how many there may be. */
  pids: { used: number; limit: number };
  /** Nanocores. */
  cpuRate: number;
  /** RFC 3339. */
  startTime: string;
  time: string;
}

export function nodeSummary(inputs: NodeSummaryInputs): unknown {
  const { nodeName, usage, pods, disk, pids, cpuRate, startTime, time } = inputs;
  const { swap, network } = usage;
  const fs = fileSystem(disk, time);
  return {
    nodeName,
    ...(pods ? { systemContainers: [{ name: 'pods', startTime, ...cgroupSummary(pods, time) }] } : {}),
    startTime,
    cpu: { time, usageNanoCores: cpuRate, usageCoreNanoSeconds: usage.cpuNanoseconds },
    memory: memoryOf(usage, time),
    ...(network ? { network: { time, ...network, interfaces: [network] } } : {}),
    fs,
    runtime: { imageFs: fs, containerFs: fs },
    rlimit: { time, maxpid: pids.limit, curproc: pids.used },
    swap: {
      time,
      ...(swap.limitBytes === undefined ? {} : { swapAvailableBytes: Math.max(0, swap.limitBytes - swap.usedBytes) }),
      swapUsageBytes: swap.usedBytes,
    },
  };
}

function cgroupSummary(usage: NodeUsage, time: string): object {
  return { cpu: { time, usageCoreNanoSeconds: usage.cpuNanoseconds }, memory: memoryOf(usage, time) };
}

function memoryOf(usage: NodeUsage, time: string): object {
  return {
    time,
    availableBytes: Math.max(0, usage.memoryCapacity - usage.memoryWorkingSet),
    usageBytes: usage.memoryUsage,
    workingSetBytes: usage.memoryWorkingSet,
    rssBytes: usage.memoryRss,
  };
}
