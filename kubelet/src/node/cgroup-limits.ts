/** What the container this kubelet runs in may use. Pure readers of cgroup and /proc files; reading them is the caller's business. */

export interface NodeLimits {
  /** Whole or part CPUs. */
  cpus: number;
  /** Bytes. */
  memory: number;
  pids: number;
}

export interface LimitFiles {
  /** Content of a file, or undefined when it is not there. */
  read(path: string): string | undefined;
  /** What the kernel offers to anybody: os.cpus().length. */
  cpuCount: number;
}

/** Limits that are larger than this are no limits (v1 writes 2^63 rounded to a page). */
const unlimited = 2 ** 62;

/** The path below each v1 hierarchy (by controller) and of v2 (key ''), from /proc/self/cgroup. */
export function parseProcCgroup(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (!match) continue;
    for (const controller of (match[1] as string).split(',')) paths.set(controller, match[2] as string);
  }
  return paths;
}

/** Reads limits as they apply to this process: a limit of any parent counts too. */
export function readLimits(files: LimitFiles): NodeLimits {
  const paths = parseProcCgroup(files.read('/proc/self/cgroup') ?? '');
  const total = Number(/^MemTotal:\s+(\d+) kB/m.exec(files.read('/proc/meminfo') ?? '')?.[1] ?? 0) * 1024;
  const pidMax = Number(files.read('/proc/sys/kernel/pid_max') ?? 32_768);
  const isV2 = files.read('/sys/fs/cgroup/cgroup.controllers') !== undefined;
  const found = isV2 ? limitsV2(files, paths.get('') ?? '/') : limitsV1(files, paths);
  return {
    cpus: Math.min(found.cpus, cpusetSize(files, paths, isV2), files.cpuCount),
    memory: Math.min(found.memory, total > 0 ? total : found.memory),
    pids: Math.min(found.pids, pidMax),
  };
}

/** A path and its parents, in the form they have below a cgroup mount: with a private namespace only the root is there. */
function lineage(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return ['', ...parts.map((_part, index) => `/${parts.slice(0, index + 1).join('/')}`)];
}

function smallest(values: (number | undefined)[]): number {
  const real = values.filter((value) => value !== undefined && value > 0 && value < unlimited) as number[];
  return real.length > 0 ? Math.min(...real) : Number.POSITIVE_INFINITY;
}

function numberIn(text: string | undefined): number | undefined {
  const trimmed = text?.trim();
  return trimmed && /^-?\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

function limitsV2(files: LimitFiles, path: string): NodeLimits {
  const folders = lineage(path).map((item) => `/sys/fs/cgroup${item}`);
  const cpu = folders.map((folder) => {
    const [quota, period] = (files.read(`${folder}/cpu.max`) ?? 'max').trim().split(' ');
    return quota === 'max' || !quota || !period ? undefined : Number(quota) / Number(period);
  });
  return {
    cpus: smallest(cpu),
    memory: smallest(folders.map((folder) => numberIn(files.read(`${folder}/memory.max`)))),
    pids: smallest(folders.map((folder) => numberIn(files.read(`${folder}/pids.max`)))),
  };
}

function limitsV1(files: LimitFiles, paths: Map<string, string>): NodeLimits {
  const folders = (controller: string): string[] =>
    lineage(paths.get(controller) ?? '/').map((item) => `/sys/fs/cgroup/${controller}${item}`);
  const cpu = folders('cpu').map((folder) => {
    const quota = numberIn(files.read(`${folder}/cpu.cfs_quota_us`));
    const period = numberIn(files.read(`${folder}/cpu.cfs_period_us`));
    return quota && quota > 0 && period ? quota / period : undefined;
  });
  return {
    cpus: smallest(cpu),
    memory: smallest(folders('memory').map((folder) => numberIn(files.read(`${folder}/memory.limit_in_bytes`)))),
    pids: smallest(folders('pids').map((folder) => numberIn(files.read(`${folder}/pids.max`)))),
  };
}

function cpusetSize(files: LimitFiles, paths: Map<string, string>, isV2: boolean): number {
  const candidates = isV2
    ? lineage(paths.get('') ?? '/').map((item) => `/sys/fs/cgroup${item}/cpuset.cpus.effective`)
    : lineage(paths.get('cpuset') ?? '/').map((item) => `/sys/fs/cgroup/cpuset${item}/cpuset.cpus`);
  return smallest(candidates.map((path) => countCpus(files.read(path))));
}

/** `0-3,6` is five. */
export function countCpus(list: string | undefined): number | undefined {
  const text = list?.trim();
  if (!text) return undefined;
  return text.split(',').reduce((sum, part) => {
    const [first = '0', last = first] = part.split('-');
    return sum + Number(last) - Number(first) + 1;
  }, 0);
}
