/** The set of used offsets of a range, as upstream's RangeAllocation keeps it: the bytes of a big-endian number, without leading zeros. */

export class Bitmap {
  readonly #used: Set<number>;

  constructor(used: Iterable<number> = []) {
    this.#used = new Set(used);
  }

  /** From base64. Offsets of `size` and more are ignored. */
  static decode(data: string, size: number): Bitmap {
    const bytes = Buffer.from(data, 'base64');
    const used: number[] = [];
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[bytes.length - 1 - index] ?? 0;
      for (let bit = 0; bit < 8; bit++) {
        const offset = index * 8 + bit;
        if (byte & (1 << bit) && offset < size) used.push(offset);
      }
    }
    return new Bitmap(used);
  }

  /** To base64; equal sets give equal text. */
  encode(): string {
    const highest = Math.max(-1, ...this.#used);
    const bytes = Buffer.alloc(Math.floor(highest / 8) + 1);
    for (const offset of this.#used) {
      const index = bytes.length - 1 - Math.floor(offset / 8);
      bytes[index] = (bytes[index] ?? 0) | (1 << (offset % 8));
    }
    return bytes.toString('base64');
  }

  has(offset: number): boolean {
    return this.#used.has(offset);
  }

  add(offset: number): void {
    this.#used.add(offset);
  }

  delete(offset: number): void {
    this.#used.delete(offset);
  }

  offsets(): IterableIterator<number> {
    return this.#used.values();
  }
}
