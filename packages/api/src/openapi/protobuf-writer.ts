/** The little of the protobuf wire format that the OpenAPI document needs. */

/** A message as its fields: number to value. What is undefined, false or empty is left out. */
export type Message = readonly (readonly [number, FieldValue])[];
export type FieldValue = string | boolean | Message | readonly Message[] | readonly string[] | undefined;

const lengthDelimited = 2;

export function encodeMessage(message: Message): Buffer {
  const parts: Buffer[] = [];
  for (const [field, value] of message) {
    if (value === undefined || value === false) continue;
    if (value === true) parts.push(Buffer.concat([varint(field << 3), varint(1)]));
    else if (value.length === 0) continue;
    else if (typeof value === 'string') parts.push(delimited(field, Buffer.from(value)));
    else if (isMessage(value)) parts.push(delimited(field, encodeMessage(value)));
    else {
      for (const item of value) {
        parts.push(delimited(field, typeof item === 'string' ? Buffer.from(item) : encodeMessage(item)));
      }
    }
  }
  return Buffer.concat(parts);
}

/** A message is a list of pairs; a repeated field is a list of messages or strings. */
function isMessage(value: Message | readonly Message[] | readonly string[]): value is Message {
  const first = value[0];
  return Array.isArray(first) && typeof first[0] === 'number';
}

function delimited(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | lengthDelimited), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
