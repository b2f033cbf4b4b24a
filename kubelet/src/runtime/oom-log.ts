/**
 * Which containers the kernel has killed a process of for its memory, from the kernel's own log. The engine asks the cgroup, which on cgroup v1 can be
 * gone before it answers; the log stays, also over restarts of the shim.
 */
import { constants, openSync, readSync } from 'node:fs';

/** `oom-kill:constraint=CONSTRAINT_MEMCG,...,task_memcg=/kubepods/pod1/0123abcd,task=sh,pid=1,uid=0`: the container's group is named by its id. */
const record = /oom-kill:.*\btask_memcg=[^,\s]*\b([0-9a-f]{64})(?:\.scope)?[,/]/;

/** The id of the container that a line of the log is about. Pure. */
export function killedContainer(line: string): string | undefined {
  return record.exec(line)?.[1];
}

/** One record per read; longer ones do not exist. */
const recordBytes = 8192;
/** More than a full log has. */
const maxRecords = 100_000;
const maxContainers = 10_000;

/** Reads one record; undefined at the end of what has been logged so far. */
export type RecordReader = () => string | undefined;

export class OomLog {
  readonly #open: () => RecordReader;
  readonly #killed = new Set<string>();
  #read: RecordReader | undefined;

  constructor(open: () => RecordReader = openKernelLog) {
    this.#open = open;
  }

  /** Whether the kernel has killed a process of the container. Never waits; false where the log cannot be read. */
  hasKilled(containerId: string): boolean {
    if (!this.#killed.has(containerId)) this.#catchUp();
    return this.#killed.has(containerId);
  }

  #catchUp(): void {
    this.#read ??= this.#open();
    for (let count = 0; count < maxRecords; count++) {
      const line = this.#read();
      if (line === undefined) break;
      const id = killedContainer(line);
      if (id) this.#killed.add(id);
    }
    for (const id of this.#killed) {
      if (this.#killed.size <= maxContainers) break;
      this.#killed.delete(id);
    }
  }
}

/** The kernel's log from its oldest record on. */
function openKernelLog(): RecordReader {
  const buffer = Buffer.alloc(recordBytes);
  let descriptor: number;
  try {
    descriptor = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    // Not every machine lets a container see the log; the engine's word is what is left then.
    return () => undefined;
  }
  return () => {
    try {
      const length = readSync(descriptor, buffer, 0, recordBytes, null);
      return length > 0 ? buffer.toString('utf8', 0, length) : undefined;
    } catch (error) {
      // EPIPE: older records were overwritten before they were read, the next read goes on behind them.
      return (error as NodeJS.ErrnoException).code === 'EPIPE' ? '' : undefined;
    }
  };
}
