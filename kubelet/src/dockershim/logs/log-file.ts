/** One container's log file: appended to, and opened anew after somebody renamed it. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

export class LogFile {
  private handle: FileHandle | undefined;
  /** Writes and reopenings happen one after the other, in the order they were asked for. */
  private queue: Promise<void> = Promise.resolve();

  constructor(readonly path: string) {}

  /** Creates the file and its directory where they are missing and cuts off a last line that was not written to its end. */
  open(): Promise<void> {
    return this.enqueue(async () => {
      await mkdir(dirname(this.path), { recursive: true });
      await this.handle?.close();
      this.handle = await open(this.path, 'a+', 0o640);
      await cutTornLine(this.handle);
    });
  }

  write(lines: Buffer): Promise<void> {
    return this.enqueue(async () => {
      if (!this.handle) throw new Error(`${this.path} is not open`);
      await this.handle.appendFile(lines);
    });
  }

  close(): Promise<void> {
    return this.enqueue(async () => {
      await this.handle?.close();
      this.handle = undefined;
    });
  }

  private enqueue(task: () => Promise<void>): Promise<void> {
    const done = this.queue.then(task);
    this.queue = done.catch(() => undefined);
    return done;
  }
}

async function cutTornLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const block = 64 * 1024;
  for (let end = size; end > 0; end = Math.max(0, end - block)) {
    const start = Math.max(0, end - block);
    const buffer = Buffer.alloc(end - start);
    await handle.read(buffer, 0, buffer.length, start);
    const lineEnd = buffer.lastIndexOf('\n');
    if (lineEnd < 0) continue;
    if (start + lineEnd + 1 < size) await handle.truncate(start + lineEnd + 1);
    return;
  }
  if (size > 0) await handle.truncate(0);
}
