/** The files that a container's log consists of while somebody reads it: the current one, and those that take its place when it is rotated. */
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 1_000;
/** A runtime may write a last line to the old file a moment after it has opened the new one. */
const settleMs = 100;
/** Successors that a reader may be behind. Each holds a file open that rotation has perhaps removed already. */
const maxWaiting = 16;
/** Between the renaming of a log and its reopening there is no file of its name. */
const reopenTries = 20;
const reopenMs = 50;

export class LogFiles {
  readonly #path: string;
  #current: FileHandle;
  readonly #waiting: FileHandle[] = [];
  #newest: bigint;
  #settled = false;
  #looking: Promise<void> = Promise.resolve();
  #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;
  #closed = false;

  private constructor(path: string, current: FileHandle, inode: bigint) {
    this.#path = path;
    this.#current = current;
    this.#newest = inode;
  }

  /** Throws ENOENT when there is no log. `follow`: successors are opened as soon as they appear, however slow the reader is. */
  static async open(path: string, { follow }: { follow: boolean }): Promise<LogFiles> {
    const file = await openReopened(path);
    const files = new LogFiles(path, file, await inodeOf(file));
    if (follow) files.#watch();
    return files;
  }

  get current(): FileHandle {
    return this.#current;
  }

  /** To be called at the end of the current file: true when there is more to read, in it or in the one that is then current. */
  async advance(): Promise<'same' | 'next' | undefined> {
    await this.#look();
    if (this.#waiting.length === 0) return undefined;
    if (!this.#settled) {
      await sleep(settleMs);
      this.#settled = true;
      return 'same';
    }
    await this.#current.close();
    this.#current = this.#waiting.shift() as FileHandle;
    this.#settled = false;
    return 'next';
  }

  /** Until something has changed; a slow poll catches what the kernel does not tell. */
  wait(signal: AbortSignal): Promise<void> {
    if (this.#changed) {
      this.#changed = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        this.#changed = false;
        resolve();
      };
      const timer = setTimeout(done, pollMs);
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watcher?.close();
    await this.#looking;
    await Promise.all([this.#current, ...this.#waiting.splice(0)].map((file) => file.close()));
  }

  #watch(): void {
    const name = basename(this.#path);
    this.#watcher = watch(dirname(this.#path), { persistent: false }, (event, file) => {
      if (file !== null && file !== name) return;
      this.#changed = true;
      this.#wake?.();
      // An error shows again, and is thrown, when the reader asks.
      if (event === 'rename') this.#look().catch(() => undefined);
    });
    // The folder goes with its pod; the poll then finds the end.
    this.#watcher.on('error', () => this.#watcher?.close());
  }

  #look(): Promise<void> {
    const look = this.#looking.then(() => this.#openSuccessor());
    this.#looking = look.catch(() => undefined);
    return look;
  }

  async #openSuccessor(): Promise<void> {
    if (this.#closed) return;
    const file = await openIfThere(this.#path);
    if (!file) return;
    const inode = await inodeOf(file);
    // An inode is not used again while its file is open here.
    if (inode === this.#newest) {
      await file.close();
      return;
    }
    this.#newest = inode;
    this.#waiting.push(file);
    if (this.#waiting.length > maxWaiting) await this.#waiting.shift()?.close();
  }
}

async function inodeOf(file: FileHandle): Promise<bigint> {
  return (await file.stat({ bigint: true })).ino;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function openReopened(path: string): Promise<FileHandle> {
  for (let tries = 1; tries < reopenTries; tries++) {
    const file = await openIfThere(path);
    if (file) return file;
    if (!(await wasRotated(path))) break;
    await sleep(reopenMs);
  }
  return open(path, 'r');
}

async function wasRotated(path: string): Promise<boolean> {
  const names = await readdir(dirname(path)).catch(() => []);
  return names.some((name) => name.startsWith(`${basename(path)}.`));
}
