/** Takes gRPC's stream of bytes apart into messages. */

import { prefixBytes } from './messages.js';

export class MessageFrames {
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(private readonly onMessage: (message: Buffer) => void) {}

  /** Messages share memory with `chunk`. Throws Error for a message that is compressed, which nobody asked for. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= prefixBytes) {
      const prefix = this.#joined(prefixBytes);
      if (prefix[0] !== 0) throw new Error('13 INTERNAL: a message is compressed');
      const length = prefix.readUInt32BE(1);
      if (this.#size < prefixBytes + length) return;
      const bytes = this.#joined(prefixBytes + length);
      this.#chunks[0] = bytes.subarray(prefixBytes + length);
      this.#size -= prefixBytes + length;
      this.onMessage(bytes.subarray(prefixBytes, prefixBytes + length));
    }
  }

  /** Bytes of a message that is not complete. */
  get pending(): number {
    return this.#size;
  }

  /** The first chunk, made at least `length` bytes long. */
  #joined(length: number): Buffer {
    const first = this.#chunks[0] as Buffer;
    if (first.length >= length) return first;
    const all = Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [all];
    return all;
  }
}
