/** What the server's process costs, when it runs on this machine. */

import { readFileSync } from 'node:fs';
import Docker from 'dockerode';

/** Clock ticks per second of /proc: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface ServerUsage {
  /** Seconds of CPU since the process began. */
  cpuSeconds(): number;
  rssBytes(): number;
  /** The most that it has had since it began, which may be before the benchmark did. */
  peakRssBytes(): number;
}

/** Undefined without a process to look at. Throws when there is no such process or container. */
export async function serverUsage(where: { pid?: number; container?: string }): Promise<ServerUsage | undefined> {
  const pid = where.pid ?? (where.container === undefined ? undefined : await pidOf(where.container));
  if (pid === undefined) return undefined;
  const memory = (field: 'VmRSS' | 'VmHWM'): number => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  };
  const usage: ServerUsage = {
    cpuSeconds() {
      // The command, in brackets, may hold spaces: what counts follows the last bracket.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    rssBytes: () => memory('VmRSS'),
    peakRssBytes: () => memory('VmHWM'),
  };
  try {
    usage.cpuSeconds();
  } catch (error) {
    throw new Error(`there is no process ${pid} to look at on this machine`, { cause: error });
  }
  return usage;
}

async function pidOf(container: string): Promise<number> {
  const { State } = await new Docker().getContainer(container).inspect();
  return State.Pid;
}
