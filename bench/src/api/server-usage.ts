/** What the server's process costs, when it runs on this machine. */

import { readFileSync } from 'node:fs';
import Docker from 'dockerode';

/** Clock ticks per second of /proc: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface ServerUsage {
  /** Seconds of CPU since the process began. */
  cpuSeconds(): number;
  rssBytes(): number;
}

/** Undefined without a process to look at. Throws when there is no such process or container. */
export async function serverUsage(where: { pid?: number; container?: string }): Promise<ServerUsage | undefined> {
  const pid = where.pid ?? (where.container === undefined ? undefined : await pidOf(where.container));
  if (pid === undefined) return undefined;
  const usage: ServerUsage = {
    cpuSeconds() {
      // The command, in brackets, may hold spaces: what counts follows the last bracket.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    rssBytes() {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return Number(kilobytes) * 1024;
    },
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
