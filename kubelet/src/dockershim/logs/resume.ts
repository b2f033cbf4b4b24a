/**
 * Going on with a container's log where it ended, without a line lost or doubled. The engine's times are unique to the nanosecond but not quite in order
 * (stdout and stderr race), so the copy starts a little before the last line and leaves out what the file has already.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LogEntry } from './entries.js';

export interface ResumePoint {
  /** True for an entry that is not in the log yet. To be asked once for each entry, in the engine's order. */
  isNew(entry: LogEntry): boolean;
}

/** Entries may overtake one another by less than this. */
const overlapSeconds = 1;

/** Looks at the log file and, where that is younger than the overlap, at the one it was rotated to. */
export async function findResumePoint(path: string): Promise<ResumePoint> {
  const times: string[] = [];
  let since: number | undefined;
  for (const file of [path, ...(await newestRotated(path))]) {
    const tail = await readTail(file, since);
    since ??= tail.since;
    times.push(...tail.times);
    if (tail.reachesBack) break;
  }
  return { isNew: newerThan(since, times) };
}

/** Everything before `since` is there; after it each entry whose time was seen, as often as it was seen. */
function newerThan(since: number | undefined, seen: readonly string[]): (entry: LogEntry) => boolean {
  const start = since === undefined ? '' : new Date(since * 1000).toISOString().slice(0, 19);
  const counts = new Map<string, number>();
  for (const time of seen) counts.set(time, (counts.get(time) ?? 0) + 1);
  return ({ time }) => {
    // Times are all written alike, so text compares as time does.
    if (time < start) return false;
    const count = counts.get(time);
    if (count === undefined) return true;
    if (count === 1) counts.delete(time);
    else counts.set(time, count - 1);
    return false;
  };
}

/** The log's last predecessor: rotation gives it a suffix, and only older ones are compressed. */
async function newestRotated(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const rotated = names.filter((name) => name.startsWith(prefix) && !/\.(gz|tmp)$/.test(name)).sort();
  return rotated.slice(-1).map((name) => join(dirname(path), name));
}

interface Tail {
  since: number | undefined;
  times: string[];
  /** The file holds lines older than the overlap, so older files do not matter. */
  reachesBack: boolean;
}

const nothing: Tail = { since: undefined, times: [], reachesBack: false };

/** The times of the file's last lines, from `since` or else from a little before the last line. */
async function readTail(path: string, since: number | undefined): Promise<Tail> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nothing;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    for (let length = Math.min(size, 64 * 1024); ; length = Math.min(size, length * 4)) {
      const tail = parseTail(await readEnd(handle, size, length), { whole: length === size, since });
      if (tail.reachesBack || length === size) return tail;
    }
  } finally {
    await handle.close();
  }
}

async function readEnd(handle: FileHandle, size: number, length: number): Promise<string> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, size - length);
  return buffer.toString('latin1', 0, bytesRead);
}

function parseTail(text: string, options: { whole: boolean; since: number | undefined }): Tail {
  const lines = text.split('\n');
  // What follows the last line break is torn or empty, what comes before the first one belongs to an unread line.
  lines.pop();
  if (!options.whole) lines.shift();
  const times = lines.map((line) => line.slice(0, line.indexOf(' '))).filter((time) => !Number.isNaN(Date.parse(time)));
  const last = times.at(-1);
  if (last === undefined) return nothing;
  const since = options.since ?? unixSeconds(last) - overlapSeconds;
  const recent = times.filter((time) => unixSeconds(time) >= since);
  return { since, times: recent, reachesBack: recent.length < times.length };
}

function unixSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
