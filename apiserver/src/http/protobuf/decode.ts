/**
 * From Kubernetes' protobuf form of a built-in object to its JSON form. Messages that JSON has inline (a volume's source) and scalars that
 * are zero because Go writes them all are recognized by the kind's definition.
 */

import { builtinDefinitions, type Schema } from '@kubelab/api/definitions';
import { setOwn } from '@kubelab/apimachinery/json';
import { parseApiVersion } from '@kubelab/apimachinery/meta';
import protobuf from 'protobufjs/minimal.js';
import { findMessage, isScalar, type Message, type MessageField } from './messages.js';
import { isPointerField } from './pointer-fields.js';
import { readSpecial, readTime } from './special-types.js';
import { eachField, ProtobufError, type Reader } from './wire-format.js';

type Json = Record<string, unknown>;

const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const maxDepth = 100;

/** Kinds that every group has, in the package of meta/v1. */
const metaKinds = new Set(['DeleteOptions']);

export interface DecodedEnvelope {
  apiVersion: string;
  kind: string;
  /** Throws ProtobufError when the object cannot be read. */
  decode(defaults: { apiVersion: string; kind: string }): Json;
}

/** Reads the envelope of `application/vnd.kubernetes.protobuf`. Throws ProtobufError. */
export function readEnvelope(body: Buffer): DecodedEnvelope {
  if (!body.subarray(0, 4).equals(magic)) {
    const head = body.subarray(0, 4).toString('hex');
    throw new ProtobufError(
      `provided data does not appear to be a protobuf message, expected prefix 6b387300, got ${head}`,
    );
  }
  const envelope = { apiVersion: '', kind: '', raw: Buffer.alloc(0) as Uint8Array };
  guarded(() => {
    eachField(protobuf.Reader.create(body.subarray(4)), undefined, (number, reader) => {
      if (number === 1) readTypeMeta(reader, envelope);
      else if (number === 2) envelope.raw = reader.bytes();
      else return false;
      return true;
    });
  });
  return {
    apiVersion: envelope.apiVersion,
    kind: envelope.kind,
    decode(defaults) {
      const apiVersion = envelope.apiVersion || defaults.apiVersion;
      const kind = envelope.kind || defaults.kind;
      const message = messageOf(apiVersion, kind);
      return guarded(() => ({
        apiVersion,
        kind,
        ...decodeMessage(message, protobuf.Reader.create(envelope.raw), undefined, 0),
      }));
    },
  };
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ProtobufError) throw cause;
    throw new ProtobufError(`proto: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function readTypeMeta(reader: Reader, into: { apiVersion: string; kind: string }): void {
  eachField(reader, reader.uint32(), (number, inner) => {
    if (number === 1) into.apiVersion = inner.string();
    else if (number === 2) into.kind = inner.string();
    else return false;
    return true;
  });
}

function messageOf(apiVersion: string, kind: string): Message {
  const { group, version } = parseApiVersion(apiVersion);
  const packageName = `${group === '' ? 'core' : group.split('.')[0]}.${version}`;
  const message = findMessage(metaKinds.has(kind) ? `meta.${kind}` : `${packageName}.${kind}`);
  if (!message) throw new ProtobufError(`no protobuf form of kind "${kind}" of version "${apiVersion}" is known`);
  return message;
}

function definitionOf(message: string): Schema | undefined {
  const short = message.slice(message.lastIndexOf('.') + 1);
  const name = message.startsWith('meta.') ? `io.k8s.apimachinery.pkg.apis.meta.v1.${short}` : `io.k8s.api.${message}`;
  const definitions = builtinDefinitions();
  return Object.hasOwn(definitions, name) ? definitions[name] : undefined;
}

function decodeMessage(message: Message, reader: Reader, length: number | undefined, depth: number): Json {
  if (depth > maxDepth) throw new ProtobufError('proto: exceeded max depth');
  const definition = definitionOf(message.name);
  const object: Json = {};
  eachField(reader, length, (number, inner, wireType) => {
    const field = message.fields.get(number);
    if (field) readField(object, { message, field, definition }, inner, depth);
    else if (!isZero(inner, wireType)) {
      throw new ProtobufError(`proto: field ${number} of ${message.name} is not known to this server`);
    }
    return true;
  });
  return object;
}

/** Reads past a field that is not known. Newer clients write all their plain scalars: a zero says nothing and may be left out. */
function isZero(reader: Reader, wireType: number): boolean {
  if (wireType === 0) return Number(reader.int64().toString()) === 0;
  if (wireType === 2) return reader.bytes().length === 0;
  reader.skipType(wireType);
  return false;
}

interface FieldContext {
  message: Message;
  field: MessageField;
  definition: Schema | undefined;
}

function readField(object: Json, { message, field, definition }: FieldContext, reader: Reader, depth: number): void {
  const { name, type } = field;
  if (field.mapOf !== undefined) {
    readMapEntry(object, name, field.mapOf, reader, depth);
    return;
  }
  const value = readValue(type, reader, depth);
  if (field.repeated) {
    const list = (object[name] as unknown[] | undefined) ?? [];
    list.push(value);
    object[name] = list;
    return;
  }
  if (isScalar(type)) {
    const isZero = value === '' || value === 0 || value === false;
    if (isZero && !isPointerField(message.name, name) && !definition?.required?.includes(name)) return;
  } else if (definition?.properties && !Object.hasOwn(definition.properties, name)) {
    Object.assign(object, value);
    return;
  }
  if (value !== undefined) object[name] = value;
}

function readMapEntry(object: Json, name: string, valueType: string, reader: Reader, depth: number): void {
  let key = '';
  let value: unknown = valueType === 'string' || valueType === 'bytes' ? '' : {};
  eachField(reader, reader.uint32(), (number, inner) => {
    if (number === 1) key = inner.string();
    else if (number === 2) value = readValue(valueType, inner, depth);
    else return false;
    return true;
  });
  const map = (object[name] as Json | undefined) ?? {};
  setOwn(map, key, value);
  object[name] = map;
}

function readValue(type: string, reader: Reader, depth: number): unknown {
  switch (type) {
    case 'string':
      return reader.string();
    case 'bool':
      return reader.bool();
    case 'int32':
      return reader.int32();
    case 'int64':
      return Number(reader.int64().toString());
    case 'double':
      return reader.double();
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
    default:
      return readSpecial(type, reader) ?? readNested(type, reader, depth);
  }
}

function readNested(type: string, reader: Reader, depth: number): unknown {
  if (type === 'meta.Time' || type === 'meta.MicroTime') return readTime(type, reader);
  const message = findMessage(type);
  if (!message) throw new ProtobufError(`proto: message ${type} is not known to this server`);
  const object = decodeMessage(message, reader, reader.uint32(), depth + 1);
  // Lists that are a message of their own only because protobuf has no maps of lists.
  return /\.(ExtraValue|Verbs)$/.test(type) ? (object['items'] ?? []) : object;
}
