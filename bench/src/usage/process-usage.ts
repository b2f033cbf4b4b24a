/** Pure: what the processes of the lab's containers have used. */

/** One of the lab's programs in one container; processes of the same name (one containerd-shim per container) are summed up. */
export interface ProcessUsage {
  /** `kubelet`, `dockerd`. */
  name: string;
  processes: number;
  /** User and system time since the start of those processes. */
  cpuMs: number;
  rssBytes: number;
  /** RSS with shared pages divided among those that share them. */
  pssBytes: number;
}

export interface ContainerUsage {
  /** Milliseconds since the epoch. */
  at: number;
  /** CPU time of everything in the container; undefined where its cgroup cannot be read. */
  allCpuMs: number | undefined;
  processes: ProcessUsage[];
}

/** A process as `/proc` shows it. */
export interface ProcFiles {
  cmdline: string;
  stat: string;
  smapsRollup: string;
}

const ticksPerSecond = 100;

/** Undefined for processes that are none of the lab's programs: pods, shells, helpers, kernel threads. */
export function usageOf(files: ProcFiles): ProcessUsage | undefined {
  const name = programOf(files.cmdline);
  if (name === undefined) return undefined;
  return {
    name,
    processes: 1,
    cpuMs: cpuMsOf(files.stat),
    rssBytes: kilobytesOf(files.smapsRollup, 'Rss'),
    pssBytes: kilobytesOf(files.smapsRollup, 'Pss'),
  };
}

const daemons = new Set(['dockerd', 'containerd', 'containerd-shim-runc-v2', 'etcd']);

/** The command line's words end with a NUL each. */
export function programOf(cmdline: string): string | undefined {
  const [command = '', ...words] = cmdline.split('\0');
  const name = command.split('/').at(-1) ?? '';
  if (daemons.has(name)) return name;
  const script = name === 'node' ? words.find((word) => word.endsWith('.mjs')) : undefined;
  return script === undefined ? undefined : /([^/]+)\.mjs$/.exec(script)?.[1];
}

/** Of `/proc/PID/stat`: the name in parentheses may hold anything, so counting starts after it. */
function cpuMsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

function kilobytesOf(smapsRollup: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(smapsRollup)?.[1] ?? 0) * 1024;
}

export function sumByName(usages: readonly ProcessUsage[]): ProcessUsage[] {
  const sums = new Map<string, ProcessUsage>();
  for (const usage of usages) {
    const known = sums.get(usage.name) ?? { name: usage.name, processes: 0, cpuMs: 0, rssBytes: 0, pssBytes: 0 };
    sums.set(usage.name, {
      name: usage.name,
      processes: known.processes + usage.processes,
      cpuMs: known.cpuMs + usage.cpuMs,
      rssBytes: known.rssBytes + usage.rssBytes,
      pssBytes: known.pssBytes + usage.pssBytes,
    });
  }
  return [...sums.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * CPU milliseconds between two looks, by program. A program that was started anew in between counts from its start. Of programs that come and
 * go with each container nothing can be said.
 */
export function cpuBetween(before: ContainerUsage, after: ContainerUsage): Map<string, number> {
  const earlier = new Map(before.processes.map((usage) => [usage.name, usage.cpuMs]));
  return new Map(
    after.processes
      .filter(({ name }) => name !== 'containerd-shim-runc-v2')
      .map(({ name, cpuMs }) => {
        const spent = cpuMs - (earlier.get(name) ?? 0);
        return [name, spent < 0 ? cpuMs : spent];
      }),
  );
}
