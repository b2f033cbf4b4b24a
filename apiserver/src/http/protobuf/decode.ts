/** The envelope of `application/vnd.kubernetes.protobuf`, read. */

import { messageOfKind } from '@kubelab/api/protobuf/messages';
import type { JsonObject } from '@kubelab/apimachinery/json';
import { eachField, ProtobufError, Reader } from '../../protobuf-wire/wire-format.js';
import { messageCodec } from './message-codec.js';

/** `k8s\0`: what every object begins with. */
export const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

export interface DecodedEnvelope {
  apiVersion: string;
  kind: string;
  /** Throws ProtobufError when the object cannot be read. */
  decode(defaults: { apiVersion: string; kind: string }): JsonObject;
}

/** Throws ProtobufError. */
export function readEnvelope(body: Buffer): DecodedEnvelope {
  if (!body.subarray(0, 4).equals(magic)) {
    const head = body.subarray(0, 4).toString('hex');
    throw new ProtobufError(
      `provided data does not appear to be a protobuf message, expected prefix 6b387300, got ${head}`,
    );
  }
  const type = { apiVersion: '', kind: '' };
  let raw: Buffer = Buffer.alloc(0);
  const reader = new Reader(body, magic.length);
  eachField(reader, (number) => {
    if (number === 1) reader.nested(() => readTypeMeta(reader, type));
    else if (number === 2) raw = reader.bytes();
    else return false;
    return true;
  });
  return {
    ...type,
    decode(defaults) {
      const apiVersion = type.apiVersion || defaults.apiVersion;
      const kind = type.kind || defaults.kind;
      const message = messageOfKind(apiVersion, kind);
      if (message === undefined) {
        throw new ProtobufError(`no protobuf form of kind "${kind}" of version "${apiVersion}" is known`);
      }
      // A Binding's or a review's own fields may have these names; an object's type stands above them.
      return { apiVersion, kind, ...messageCodec(message).decode(raw) };
    },
  };
}

function readTypeMeta(reader: Reader, into: { apiVersion: string; kind: string }): void {
  eachField(reader, (number) => {
    if (number === 1) into.apiVersion = reader.string();
    else if (number === 2) into.kind = reader.string();
    else return false;
    return true;
  });
}
