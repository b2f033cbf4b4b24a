/** What a protobuf type does with values in their JSON form. */

import type { BackwardWriter } from '../../protobuf-wire/backward-writer.js';
import { type Reader, wireBytes } from '../../protobuf-wire/wire-format.js';

export interface Codec {
  readonly wireType: number;
  /** Whether the value can be written at all; what is not is left out, like an absent field. */
  accepts(value: unknown): boolean;
  /** Writes an accepted value as it stands behind its tag. */
  write(writer: BackwardWriter, value: unknown): void;
  /** Undefined when the value is one that JSON leaves out. `before` is what the field held already: messages are merged. */
  read(reader: Reader, depth: number, before: unknown): unknown;
  isZero(value: unknown): boolean;
}

/** Writes a field of the message that is being written backwards. */
export function writeField(writer: BackwardWriter, number: number, codec: Codec, value: unknown): void {
  codec.write(writer, value);
  writer.uint(number * 8 + codec.wireType);
}

/** What `write` writes, with its length in front. */
export function writeNested(writer: BackwardWriter, write: () => void): void {
  const before = writer.length;
  write();
  writer.uint(writer.length - before);
}

/** A field of wire type 2 whose content `write` writes. */
export function writeNestedField(writer: BackwardWriter, number: number, write: () => void): void {
  writeNested(writer, write);
  writer.uint(number * 8 + wireBytes);
}

const never = (): boolean => false;

/** A codec for what has a length in front of it. */
export function delimited(codec: {
  accepts(value: unknown): boolean;
  write(writer: BackwardWriter, value: unknown): void;
  read(reader: Reader, depth: number, before: unknown): unknown;
}): Codec {
  return {
    wireType: wireBytes,
    accepts: codec.accepts,
    write: (writer, value) => writeNested(writer, () => codec.write(writer, value)),
    read(reader, depth, before) {
      let value: unknown;
      reader.nested(() => {
        value = codec.read(reader, depth, before);
      });
      return value;
    },
    isZero: never,
  };
}
