/** Writing protobuf's wire format from its end to its start, so that the length of what is nested is known when it is due. */

const firstSize = 64 * 1024;
/** A buffer that has grown beyond this is not kept. */
const keptSize = 4 * 1024 * 1024;
/** Up to this length a loop is faster than a call into native code. */
const loopLength = 24;
const maxInt64 = 2n ** 63n - 1n;
const minInt64 = -(2n ** 63n);

export class BackwardWriter {
  private buffer = Buffer.allocUnsafeSlow(firstSize);
  private start = firstSize;

  /** Bytes written so far. */
  get length(): number {
    return this.buffer.length - this.start;
  }

  /** A copy of what was written; the writer is empty afterwards. */
  finish(): Buffer {
    const result = Buffer.allocUnsafeSlow(this.length);
    this.buffer.copy(result, 0, this.start);
    this.reset();
    return result;
  }

  reset(): void {
    if (this.buffer.length > keptSize) this.buffer = Buffer.allocUnsafeSlow(firstSize);
    this.start = this.buffer.length;
  }

  /** An unsigned number below 2^53. */
  uint(value: number): void {
    if (value < 0x80) {
      this.reserve(1);
      this.buffer[--this.start] = value;
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    this.reserve(size);
    this.start -= size;
    let at = this.start;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.buffer[at++] = (rest % 0x80) | 0x80;
    this.buffer[at] = rest;
  }

  /** A whole number; beyond the range of int64 the nearest in it. */
  int(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      this.uint(value);
      return;
    }
    const exact = BigInt(value);
    const clamped = exact > maxInt64 ? maxInt64 : exact < minInt64 ? minInt64 : exact;
    let rest = BigInt.asUintN(64, clamped);
    const bytes: number[] = [];
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.bytes(Uint8Array.from(bytes));
  }

  double(value: number): void {
    this.reserve(8);
    this.start -= 8;
    this.buffer.writeDoubleLE(value, this.start);
  }

  bytes(value: Uint8Array): void {
    this.reserve(value.length);
    this.start -= value.length;
    this.buffer.set(value, this.start);
  }

  /** The text in UTF-8, without its length. */
  text(value: string): void {
    if (value.length <= loopLength && this.ascii(value)) return;
    const size = Buffer.byteLength(value);
    this.reserve(size);
    this.start -= size;
    this.buffer.write(value, this.start, size, 'utf8');
  }

  private ascii(value: string): boolean {
    this.reserve(value.length);
    const from = this.start - value.length;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      this.buffer[from + index] = code;
    }
    this.start = from;
    return true;
  }

  private reserve(count: number): void {
    if (this.start >= count) return;
    const written = this.length;
    const size = Math.max(this.buffer.length * 2, written + count);
    const larger = Buffer.allocUnsafeSlow(size);
    this.buffer.copy(larger, size - written, this.start);
    this.buffer = larger;
    this.start = size - written;
  }
}
