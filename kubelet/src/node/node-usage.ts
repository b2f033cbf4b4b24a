import { parseProcCgroup } from './cgroup-limits.js';
import { readFileOrUndefined } from './machine.js';

export interface NodeUsage {
  /** Since the node's cgroup began, nanoseconds. */
  cpuNanoseconds: number;
  memoryUsage: number;
  memoryWorkingSet: number;
  memoryRss: number;
  memoryCapacity: number;
  /** Without a limit the kernel gives as much as there is. */
  swap: { usedBytes: number; limitBytes: number | undefined };
  /** Receive and transmit bytes of the node's own interface. */
  network: { name: string; rxBytes: number; rxErrors: number; txBytes: number; txErrors: number } | undefined;
}

/** What the node as a whole uses, from its cgroup (the container this kubelet runs in). `cgroupRoot` as --cgroup-root; empty: the own one. */
export function readNodeUsage(
  memoryCapacity: number,
  cgroupRoot: string,
  read: (path: string) => string | undefined = readFileOrUndefined,
): NodeUsage {
  const own = parseProcCgroup(read('/proc/self/cgroup') ?? '');
  const isV2 = read('/sys/fs/cgroup/cgroup.controllers') !== undefined;
  const first = (paths: string[]): string | undefined => paths.map(read).find((text) => text !== undefined);
  const below = (controller: string, file: string): string | undefined => {
    const mount = isV2 ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controller}`;
    const path = cgroupRoot || (own.get(isV2 ? '' : controller) ?? '/');
    return first([`${mount}${path === '/' ? '' : path}/${file}`, `${mount}/${file}`]);
  };
  const stat = below('memory', 'memory.stat') ?? '';
  const statValue = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(stat)?.[1] ?? 0);
  const memoryUsage = Number(
    below('memory', isV2 ? 'memory.current' : 'memory.usage_in_bytes') ?? machineMemoryUsage(read('/proc/meminfo')),
  );
  const inactive = statValue(isV2 ? 'inactive_file' : 'total_inactive_file');
  const cpu = isV2
    ? Number(/^usage_usec (\d+)/m.exec(below('cpu', 'cpu.stat') ?? '')?.[1] ?? 0) * 1000
    : Number(below('cpuacct', 'cpuacct.usage') ?? below('cpu,cpuacct', 'cpuacct.usage') ?? 0);
  return {
    cpuNanoseconds: cpu,
    memoryUsage,
    memoryWorkingSet: Math.max(0, memoryUsage - inactive),
    memoryRss: statValue(isV2 ? 'anon' : 'total_rss'),
    memoryCapacity,
    swap: isV2
      ? {
          usedBytes: Number(below('memory', 'memory.swap.current') ?? 0),
          limitBytes: limitOf(below('memory', 'memory.swap.max')),
        }
      : {
          usedBytes: statValue('total_swap'),
          limitBytes: swapLimit(
            below('memory', 'memory.memsw.limit_in_bytes'),
            below('memory', 'memory.limit_in_bytes'),
          ),
        },
    network: networkOf(read('/proc/net/dev') ?? ''),
  };
}

/** The root of cgroup v2 does not count memory: there it is the whole machine's, in bytes. */
function machineMemoryUsage(meminfo = ''): number {
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0);
  return (kilobytes('MemTotal') - kilobytes('MemFree')) * 1024;
}

/** cgroup v2: `max`; cgroup v1: the largest multiple of the page size. */
function limitOf(text: string | undefined): number | undefined {
  const limit = Number(text?.trim() || 'max');
  return Number.isFinite(limit) && limit < 2 ** 62 ? limit : undefined;
}

/** cgroup v1 limits memory and swap together. */
function swapLimit(together: string | undefined, memory: string | undefined): number | undefined {
  const [both, alone] = [limitOf(together), limitOf(memory)];
  return both === undefined || alone === undefined ? undefined : both - alone;
}

/** Processes of the node, and how many there may be. */
export function readNodePids(
  limit: number,
  cgroupRoot: string,
  read: (path: string) => string | undefined = readFileOrUndefined,
): { used: number; limit: number } {
  const own = parseProcCgroup(read('/proc/self/cgroup') ?? '');
  const isV2 = read('/sys/fs/cgroup/cgroup.controllers') !== undefined;
  const mount = isV2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
  const path = cgroupRoot || (own.get(isV2 ? '' : 'pids') ?? '/');
  const text = read(`${mount}${path === '/' ? '' : path}/pids.current`) ?? read(`${mount}/pids.current`);
  // Without a cgroup of its own a node sees the kernel's count: `0.00 0.01 0.05 1/123 4567`.
  const loadavg = /\d+\/(\d+)/.exec(read('/proc/loadavg') ?? '')?.[1];
  return { used: Number(text?.trim() || loadavg || 0), limit };
}

/** The first interface that is not the loopback or a pod's. */
function networkOf(text: string): NodeUsage['network'] {
  for (const line of text.split('\n')) {
    const match = /^\s*(\w+):\s*(.*)$/.exec(line);
    if (!match || /^(lo|docker|veth|cni|br)/.test(match[1] as string)) continue;
    const numbers = (match[2] as string).trim().split(/\s+/).map(Number);
    return {
      name: match[1] as string,
      rxBytes: numbers[0] ?? 0,
      rxErrors: numbers[2] ?? 0,
      txBytes: numbers[8] ?? 0,
      txErrors: numbers[10] ?? 0,
    };
  }
  return undefined;
}
