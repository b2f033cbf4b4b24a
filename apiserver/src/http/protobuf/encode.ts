/** Objects, lists and watch events as `application/vnd.kubernetes.protobuf`. */

import { messageOfKind } from '@kubelab/api/protobuf/messages';
import type { JsonObject } from '@kubelab/apimachinery/json';
import { toApiVersion } from '@kubelab/apimachinery/meta';
import { BackwardWriter } from '../../protobuf-wire/backward-writer.js';
import type { Entry } from '../../storage/store.js';
import type { ListBody } from '../list-body.js';
import { type Codec, writeField, writeNestedField } from './codec.js';
import { magic } from './decode.js';
import { messageCodec } from './message-codec.js';
import { scalarCodecs } from './scalar-codecs.js';

const string = scalarCodecs['string'] as Codec;
/** Encoding does not wait for anything: all objects are written with one writer. */
const writer = new BackwardWriter();
/** contentEncoding and contentType of the envelope, which Go writes though they are empty. */
const envelopeEnd = Buffer.from([0x1a, 0, 0x22, 0]);

/** Whether objects of this kind can be written and read as protobuf. */
export function hasProtobufForm({ group, version, kind }: { group: string; version: string; kind: string }): boolean {
  return messageOfKind(toApiVersion(group, version), kind) !== undefined;
}

function written(write: () => void): Buffer {
  try {
    write();
    return writer.finish();
  } finally {
    writer.reset();
  }
}

function writeEnvelope(type: { apiVersion: string; kind: string }, writeRaw: () => void): void {
  writer.bytes(envelopeEnd);
  writeNestedField(writer, 2, writeRaw);
  writeTypeMeta(type);
  writer.bytes(magic);
}

function writeTypeMeta({ apiVersion, kind }: { apiVersion: string; kind: string }): void {
  writeNestedField(writer, 1, () => {
    writeField(writer, 2, string, kind);
    writeField(writer, 1, string, apiVersion);
  });
}

/** Throws Error for a kind without a protobuf form. */
export function encodeProtobuf(object: JsonObject): Buffer {
  const apiVersion = String(object['apiVersion']);
  const kind = String(object['kind']);
  const message = messageOfKind(apiVersion, kind);
  if (message === undefined) throw new Error(`${apiVersion} ${kind} has no protobuf form`);
  return written(() => {
    writeEnvelope({ apiVersion, kind }, () => messageCodec(message).writeBody(writer, object));
  });
}

/** The stored object; encoded once for all who ask. */
export function protobufOf(entry: Entry): Buffer {
  entry.protobuf ??= encodeProtobuf(entry.glance?.() ?? entry.object);
  return entry.protobuf;
}

/**
 * A list: its head, its items, its end. The object inside an envelope is field 2 with its length, and so is an item of a list: the
 * middle of every encoded object is its item.
 */
export function protobufList(
  type: { apiVersion: string; listKind: string },
  metadata: JsonObject,
  items: readonly Buffer[],
): Required<ListBody> {
  let itemsSize = 0;
  for (const item of items) itemsSize += item.length - itemStart(item) - envelopeEnd.length;
  const head = written(() => {
    writeNestedField(writer, 1, () => messageCodec('meta.ListMeta').writeBody(writer, metadata));
    const rawSize = writer.length + itemsSize;
    writer.uint(rawSize);
    writer.uint(2 * 8 + 2);
    writeTypeMeta({ apiVersion: type.apiVersion, kind: type.listKind });
    writer.bytes(magic);
  });
  return { size: head.length + itemsSize + envelopeEnd.length, pieces: listPieces(head, items) };
}

function* listPieces(head: Buffer, items: readonly Buffer[]): Generator<Buffer> {
  yield head;
  for (const item of items) yield item.subarray(itemStart(item), item.length - envelopeEnd.length);
  yield envelopeEnd;
}

/** Where the object begins in what {@link encodeProtobuf} wrote. */
function itemStart(encoded: Buffer): number {
  // Behind the magic: a tag, the length of the type (kinds and versions are short: one byte), the type.
  const typeSize = encoded[magic.length + 1] as number;
  return magic.length + 2 + typeSize;
}

/** The length in front of a watch event. */
export const frameHeaderBytes = 4;

/** A watch event with its length in front; `object` is an encoded object with its envelope. */
export function protobufFrame(type: string, object: Buffer): Buffer {
  return written(() => {
    writeNestedField(writer, 2, () => {
      writer.bytes(object);
      writer.uint(object.length);
      writer.uint(1 * 8 + 2);
    });
    writeField(writer, 1, string, type);
    const length = Buffer.alloc(frameHeaderBytes);
    length.writeUInt32BE(writer.length);
    writer.bytes(length);
  });
}
