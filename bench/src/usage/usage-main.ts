/** Runs inside a container of the lab: reads what its processes have used. Output: a ContainerUsage. */

import { readdirSync, readFileSync } from 'node:fs';
import { type ContainerUsage, sumByName, usageOf } from './process-usage.js';

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A process that has ended meanwhile, or a cgroup version that is not this machine's.
    return undefined;
  }
}

function processes(): ContainerUsage['processes'] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const usages = pids.flatMap((pid) => {
    const [cmdline, stat, smapsRollup] = ['cmdline', 'stat', 'smaps_rollup'].map((file) =>
      read(`/proc/${pid}/${file}`),
    );
    if (cmdline === undefined || stat === undefined || smapsRollup === undefined) return [];
    return usageOf({ cmdline, stat, smapsRollup }) ?? [];
  });
  return sumByName(usages);
}

function allCpuMs(): number | undefined {
  const v1 = read('/sys/fs/cgroup/cpuacct/cpuacct.usage');
  if (v1 !== undefined) return Number(v1) / 1e6;
  const v2 = /^usage_usec (\d+)$/m.exec(read('/sys/fs/cgroup/cpu.stat') ?? '')?.[1];
  return v2 === undefined ? undefined : Number(v2) / 1000;
}

const usage: ContainerUsage = { at: Date.now(), allCpuMs: allCpuMs(), processes: processes() };
process.stdout.write(JSON.stringify(usage));
