import type { FileHandle } from 'node:fs/promises';
import type { LogFiles } from './log-files.js';
import { type LogLine, parseLogLine } from './log-line.js';

export interface LogReadOptions {
  /** Last lines only. */
  tailLines?: number | undefined;
  /** Lines from this time on, milliseconds since the epoch. */
  since?: number | undefined;
  /** Ends after so many bytes of output. */
  limitBytes?: number | undefined;
  timestamps?: boolean | undefined;
  /** Default: both. */
  stream?: 'stdout' | 'stderr' | undefined;
  follow?:
    | {
        signal: AbortSignal;
        /** False when nothing more will be written. */
        isWriting(): boolean;
      }
    | undefined;
}

const chunkBytes = 64 * 1024;
const lineFeed = 0x0a;

/** Reads a log in CRI's format as the output of the container, and on into the files that follow it. Closes `files` at its end. */
export async function* readLog(files: LogFiles, options: LogReadOptions): AsyncGenerator<Buffer> {
  const format = new LineFormatter(options);
  try {
    const { size } = await files.current.stat();
    // What is written from now on is for those who follow: the others get the last lines that they asked for, and an end.
    const end = options.follow ? Number.POSITIVE_INFINITY : size;
    let position = options.tailLines === undefined ? 0 : await tailStart(files.current, options.tailLines, size);
    let pending = Buffer.alloc(0);
    let lastRound = false;
    while (!format.full) {
      const length = Math.min(chunkBytes, end - position);
      const { bytesRead, buffer } = await files.current.read(Buffer.allocUnsafe(length), 0, length, position);
      if (bytesRead > 0) {
        position += bytesRead;
        const data = Buffer.concat([pending, buffer.subarray(0, bytesRead)]);
        const linesEnd = data.lastIndexOf(lineFeed) + 1;
        pending = data.subarray(linesEnd);
        const output = format.lines(data.subarray(0, linesEnd));
        if (output.length > 0) yield output;
        continue;
      }
      const { follow } = options;
      if (!follow || follow.signal.aborted) return;
      const more = await files.advance();
      if (more === 'next') {
        position = 0;
        pending = Buffer.alloc(0);
      }
      if (more) continue;
      if (lastRound) return;
      // What was written between the last read and the end of the container is still to be read.
      if (!follow.isWriting()) lastRound = true;
      else await files.wait(follow.signal);
    }
  } finally {
    await files.close();
  }
}

class LineFormatter {
  readonly #options: LogReadOptions;
  #left: number;
  #atLineStart = true;

  constructor(options: LogReadOptions) {
    this.#options = options;
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  get full(): boolean {
    return this.#left <= 0;
  }

  /** Output for whole lines of the file. */
  lines(data: Buffer): Buffer {
    const pieces: Buffer[] = [];
    for (let start = 0; start < data.length && !this.full; ) {
      const end = data.indexOf(lineFeed, start);
      const line = parseLogLine(data.subarray(start, end));
      start = end + 1;
      if (line && this.#isWanted(line)) this.#format(line, pieces);
    }
    return Buffer.concat(pieces);
  }

  #isWanted(line: LogLine): boolean {
    const { stream, since } = this.#options;
    if (stream !== undefined && line.stream !== stream) return false;
    return since === undefined || Date.parse(line.timestamp) >= since;
  }

  #format(line: LogLine, pieces: Buffer[]): void {
    const parts: Buffer[] = [];
    if (this.#options.timestamps && this.#atLineStart) parts.push(Buffer.from(`${line.timestamp} `));
    parts.push(line.content);
    if (!line.partial) parts.push(Buffer.from('\n'));
    this.#atLineStart = !line.partial;
    for (const part of parts) {
      pieces.push(part.length > this.#left ? part.subarray(0, Math.max(0, this.#left)) : part);
      this.#left -= part.length;
    }
  }
}

/** Where the last `lines` lines of the first `size` bytes begin; read from the end, so that long logs cost nothing. */
async function tailStart(file: FileHandle, lines: number, size: number): Promise<number> {
  if (lines <= 0) return size;
  let found = 0;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunkBytes);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
    for (let index = bytesRead - 1; index >= 0; index--) {
      if (buffer[index] !== lineFeed) continue;
      // The line feed that ends the file ends the last line, it does not begin another one.
      if (start + index === size - 1) continue;
      found += 1;
      if (found === lines) return start + index + 1;
    }
    end = start;
  }
  return 0;
}
