/** The engine's framing of stdout and stderr on one connection: stream number, three zero bytes, length (big endian), payload. */

export type OutputStream = 'stdout' | 'stderr';

export interface OutputFrame {
  stream: OutputStream;
  data: Buffer;
}

const headerBytes = 8;
const empty = Buffer.alloc(0);

/** Frames come out as soon as they are complete; the payloads share memory with the chunks. */
export class Demultiplexer {
  private rest: Buffer = empty;

  push(chunk: Buffer): OutputFrame[] {
    const frames: OutputFrame[] = [];
    let buffer = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    while (buffer.length >= headerBytes) {
      const end = headerBytes + buffer.readUInt32BE(4);
      if (buffer.length < end) break;
      frames.push({ stream: buffer[0] === 2 ? 'stderr' : 'stdout', data: buffer.subarray(headerBytes, end) });
      buffer = buffer.subarray(end);
    }
    this.rest = buffer;
    return frames;
  }
}
