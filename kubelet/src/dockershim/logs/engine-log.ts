/**
 * The engine's log file of one container, read from this side while the engine writes at the other. The engine never rotates it (its own reader loses and
 * doubles lines of a rotated file when it lags); instead the part that was copied is freed, so that the file takes no more disk than what is still to be read.
 */
import { execFile } from 'node:child_process';
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';

const chunkBytes = 256 * 1024;
/** What was read is freed in blocks of this size. */
const freeBytes = 16 * 1024 * 1024;

export class EngineLog {
  private freed: number;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private readonly watcher: FSWatcher,
    /** Where the next read begins. */
    private offset: number,
  ) {
    this.freed = offset - (offset % freeBytes);
  }

  /** Begins behind what was freed. `onChange` is called whenever the engine has written. Rejects with ENOENT when the container is gone. */
  static async open(path: string, onChange: () => void): Promise<EngineLog> {
    const handle = await open(path, 'r');
    try {
      const watcher = watch(path, onChange);
      // A watch that breaks is no loss: the reader looks from time to time anyway.
      watcher.on('error', () => undefined);
      return new EngineLog(path, handle, watcher, await findData(handle));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The next bytes, undefined at the present end. */
  async read(): Promise<Buffer | undefined> {
    const { bytesRead, buffer } = await this.handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, this.offset);
    this.offset += bytesRead;
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
  }

  /** Gives the disk space of what was read back, but for the last `keepBytes`. */
  async free(keepBytes: number): Promise<void> {
    const done = this.offset - keepBytes;
    const end = done - (done % freeBytes);
    if (end <= this.freed) return;
    this.freed = end;
    await promisify(execFile)('fallocate', ['--punch-hole', '--offset', '0', '--length', String(end), this.path]);
  }

  async close(): Promise<void> {
    this.watcher.close();
    await this.handle.close();
  }
}

/** What was freed reads as zeros, which a log never has: the first other byte at a block's begin is where the data is. */
async function findData(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  let [empty, full] = [-1, Math.ceil(size / freeBytes)];
  while (full - empty > 1) {
    const middle = Math.floor((empty + full) / 2);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, middle * freeBytes);
    if (bytesRead === 1 && buffer[0] === 0) empty = middle;
    else full = middle;
  }
  return full * freeBytes >= size ? lastBlock(size) : full * freeBytes;
}

function lastBlock(size: number): number {
  return size - (size % freeBytes);
}
