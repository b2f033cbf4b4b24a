/** Walking over protobuf's wire format. */

import type protobuf from 'protobufjs/minimal.js';

export type Reader = InstanceType<typeof protobuf.Reader>;

/** The body is not what it should be; the message is for the client. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** Calls `read` for each field up to `length` bytes (or the end); what it does not know is skipped. */
export function eachField(
  reader: Reader,
  length: number | undefined,
  read: (number: number, reader: Reader, wireType: number) => boolean,
): void {
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new ProtobufError('proto: unexpected EOF');
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!read(tag >>> 3, reader, tag & 7)) reader.skipType(tag & 7);
  }
}
