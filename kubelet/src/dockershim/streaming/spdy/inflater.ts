/** The header blocks of a connection are one deflate stream: each must go through, in order, even when nobody wants it. */
import { constants, createInflate, type Inflate } from 'node:zlib';
import { dictionary } from './dictionary.js';
import { ProtocolError } from './frames.js';

const maxBlockBytes = 256 * 1024;

export class HeaderInflater {
  private readonly inflate: Inflate = createInflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  private chunks: Buffer[] = [];
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  constructor() {
    this.inflate.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    this.inflate.on('error', (error) => {
      this.failure = error;
      this.wake();
    });
  }

  /** Calls must not overlap. */
  async decompress(block: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      // The callback comes once the block is used up; what it made is handed out by then or in the same turn.
      this.inflate.write(block, () => setImmediate(resolve));
    });
    if (this.failure) throw new ProtocolError(`a header block cannot be decompressed: ${this.failure.message}`);
    const headers = Buffer.concat(this.chunks);
    this.chunks = [];
    if (headers.length > maxBlockBytes) throw new ProtocolError(`a header block of ${headers.length} bytes`);
    return headers;
  }

  close(): void {
    this.inflate.destroy();
  }
}
