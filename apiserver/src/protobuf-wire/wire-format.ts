/** Reading protobuf's wire format. Whatever a client sends ends in a value or a {@link ProtobufError}. */

import { narrowed } from '@kubelab/apimachinery/exact-json';

/** The body is not what it should be; the message is for the client. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
const wireStartGroup = 3;
const wireEndGroup = 4;
const wireFixed32 = 5;

const maxVarintBytes = 10;
const two32 = 2 ** 32;

/** A position in a buffer and the end of the message that is being read. */
export class Reader {
  position: number;
  end: number;

  constructor(
    private readonly buffer: Buffer,
    start = 0,
    end = buffer.length,
  ) {
    this.position = start;
    this.end = end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** An unsigned number below 2^53; larger ones (lengths and tags that cannot be) are refused. */
  uint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let factor = 0x80;
    for (let count = 1; count < maxVarintBytes; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      factor *= 0x80;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new ProtobufError('proto: integer overflow');
        return value;
      }
    }
    throw new ProtobufError('proto: integer overflow');
  }

  /** A signed number of up to 64 bits; beyond 2^53 a bigint. */
  exactInt64(): number | bigint {
    const start = this.position;
    const value = this.int64();
    if (Number.isSafeInteger(value)) return value;
    this.position = start;
    let exact = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      exact |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return narrowed(BigInt.asIntN(64, exact));
    }
  }

  /** As near as a Number comes to it. */
  int64(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 7 * maxVarintBytes; shift += 7) {
      const byte = this.byte();
      const bits = byte & 0x7f;
      if (shift < 28) low += bits * 2 ** shift;
      else if (shift === 28) {
        low += (bits & 0x0f) * 2 ** 28;
        high += bits >>> 4;
      } else high += bits * 2 ** (shift - 32);
      if (byte < 0x80) return ((high % two32) | 0) * two32 + low;
    }
    throw new ProtobufError('proto: integer overflow');
  }

  /** The lower 32 bits, signed: what Go makes of a varint for an int32. */
  int32(): number {
    let value = 0;
    for (let shift = 0; shift < 7 * maxVarintBytes; shift += 7) {
      const byte = this.byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ProtobufError('proto: integer overflow');
  }

  double(): number {
    const at = this.advance(8);
    return this.buffer.readDoubleLE(at);
  }

  /** Shares memory with the body. */
  bytes(): Buffer {
    const length = this.uint();
    const at = this.advance(length);
    return this.buffer.subarray(at, at + length);
  }

  string(): string {
    const length = this.uint();
    const at = this.advance(length);
    return this.buffer.toString('utf8', at, at + length);
  }

  /** Reads what has a length in front of it: `read` sees the message inside as all there is. */
  nested(read: () => void): void {
    const length = this.uint();
    const start = this.advance(length);
    const outer = this.end;
    this.position = start;
    this.end = start + length;
    read();
    this.position = this.end;
    this.end = outer;
  }

  /** Skips a field that is not known, as proto2 wants it. */
  skip(wireType: number): void {
    let groups = 0;
    for (let type = wireType; ; type = this.uint() & 7) {
      if (type === wireVarint) this.int64();
      else if (type === wireFixed64) this.advance(8);
      else if (type === wireBytes) this.advance(this.uint());
      else if (type === wireFixed32) this.advance(4);
      else if (type === wireStartGroup) groups++;
      else if (type === wireEndGroup && groups > 0) groups--;
      else throw new ProtobufError(`proto: illegal wireType ${type}`);
      if (groups === 0) return;
    }
  }

  private byte(): number {
    if (this.position >= this.end) throw new ProtobufError('unexpected EOF');
    return this.buffer[this.position++] as number;
  }

  private advance(count: number): number {
    const at = this.position;
    if (count > this.end - at) throw new ProtobufError('unexpected EOF');
    this.position = at + count;
    return at;
  }
}

/** Calls `read` for every field of the message; what it does not know (false) is skipped. */
export function eachField(reader: Reader, read: (number: number, wireType: number) => boolean): void {
  while (!reader.done) {
    const tag = reader.uint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (number < 1) throw new ProtobufError(`proto: illegal tag ${number} (wire type ${wireType})`);
    if (!read(number, wireType)) reader.skip(wireType);
  }
}
