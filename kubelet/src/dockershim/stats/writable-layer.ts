/** How much a container has written into its own layer: counted in the background, because walking a big tree takes a while. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@kubelab/component/clock';
import type * as cri from '@kubelab/proto/generated/runtime-v1';

interface Count {
  bytes: number;
  inodes: number;
  atMs: number;
}

const maxAgeMs = 30_000;
const forgottenAfterMs = 20 * maxAgeMs;
/** Bytes of one block as the kernel counts them in stat(2). */
const blockBytes = 512;

export class WritableLayers {
  private readonly counts = new Map<string, Count>();
  /** One walk at a time: the figures may be old, the disk must not suffer. */
  private queue: Promise<void> = Promise.resolve();
  private readonly waiting = new Set<string>();

  constructor(private readonly clock: Clock) {}

  /** The latest count, undefined before the first; asks for a newer one when it is old. */
  usage(directory: string): Pick<cri.FilesystemUsageInput, 'timestamp' | 'usedBytes' | 'inodesUsed'> | undefined {
    const count = this.counts.get(directory);
    if (!count || this.clock.now() - count.atMs > maxAgeMs) this.refresh(directory);
    if (!count) return undefined;
    return { timestamp: count.atMs * 1e6, usedBytes: { value: count.bytes }, inodesUsed: { value: count.inodes } };
  }

  /** Directories that nobody asked for in a long time belong to containers that are gone. */
  private forgetOld(): void {
    for (const [directory, { atMs }] of this.counts) {
      if (this.clock.now() - atMs > forgottenAfterMs) this.counts.delete(directory);
    }
  }

  private refresh(directory: string): void {
    if (this.waiting.has(directory)) return;
    this.waiting.add(directory);
    this.forgetOld();
    this.queue = this.queue.then(async () => {
      const count: Count = { bytes: 0, inodes: 0, atMs: this.clock.now() };
      await addTree(directory, count);
      this.counts.set(directory, count);
      this.waiting.delete(directory);
    });
  }
}

async function addTree(path: string, count: Count): Promise<void> {
  try {
    const { blocks } = await lstat(path);
    count.bytes += blocks * blockBytes;
    count.inodes++;
    for await (const entry of await opendir(path)) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) await addTree(child, count);
      else {
        count.bytes += (await lstat(child)).blocks * blockBytes;
        count.inodes++;
      }
    }
  } catch (error) {
    // The container goes on writing and deleting, or is removed, while we count.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}
