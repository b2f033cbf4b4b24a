/** Messages with the same fields as their JSON objects, driven by the table of field numbers. */

import { findMessage, type MessageField } from '@kubelab/api/protobuf/messages';
import { isObject, type JsonObject, setOwn } from '@kubelab/apimachinery/json';
import type { BackwardWriter } from '../../protobuf-wire/backward-writer.js';
import { eachField, ProtobufError, Reader, wireBytes } from '../../protobuf-wire/wire-format.js';
import { type Codec, writeField, writeNested, writeNestedField } from './codec.js';
import { scalarCodecs } from './scalar-codecs.js';
import { schemaUnion, specialCodecs } from './special-codecs.js';

/** As many levels as JSON may have. */
const maxDepth = 1000;

const codecs = new Map<string, Codec>();

/** The codec of a type in the table; made when first asked for. */
function codecOf(type: string): Codec {
  const known = scalarCodecs[type] ?? specialCodecs[type] ?? codecs.get(type);
  if (known) return known;
  const codec = schemaUnion(type, () => codecOf('apiextensions.v1.JSONSchemaProps')) ?? messageCodec(type);
  codecs.set(type, codec);
  return codec;
}

/** Throws Error for a name that the table does not hold. */
export function messageCodec(name: string): MessageCodec {
  const known = codecs.get(name);
  if (known instanceof MessageCodec) return known;
  const message = findMessage(name);
  if (!message) throw new Error(`there is no protobuf message ${name}`);
  const codec = new MessageCodec(name, message.fields);
  codecs.set(name, codec);
  return codec;
}

/** A field with its codec, which is looked up late: messages may contain themselves. */
class Field {
  readonly name: string;
  readonly number: number;
  readonly tag: number;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly inline: boolean;
  /** Whether a zero on the wire is shown in JSON: Go's encoder writes the zeros of all plain scalars. */
  readonly keepsZero: boolean;
  #codec: Codec | undefined;

  constructor(private readonly field: MessageField) {
    this.name = field.name;
    this.number = field.number;
    this.tag = field.number * 8 + wireBytes;
    this.repeated = field.repeated;
    this.map = field.map;
    this.inline = field.inline;
    this.keepsZero = field.presence !== 'omitted';
  }

  get codec(): Codec {
    this.#codec ??= codecOf(this.field.type);
    return this.#codec;
  }
}

export class MessageCodec implements Codec {
  readonly wireType = wireBytes;
  readonly #fields: readonly Field[];
  readonly #byNumber: ReadonlyMap<number, Field>;

  constructor(
    readonly name: string,
    fields: readonly MessageField[],
  ) {
    this.#fields = fields.map((field) => new Field(field));
    this.#byNumber = new Map(this.#fields.map((field) => [field.number, field]));
  }

  accepts(value: unknown): boolean {
    return isObject(value);
  }

  isZero(): boolean {
    return false;
  }

  write(writer: BackwardWriter, value: unknown): void {
    writeNested(writer, () => this.writeBody(writer, value as JsonObject));
  }

  /** The message without its length. */
  writeBody(writer: BackwardWriter, object: JsonObject): void {
    for (let index = this.#fields.length - 1; index >= 0; index--) {
      const field = this.#fields[index] as Field;
      if (field.inline) {
        this.writeInline(writer, field, object);
        continue;
      }
      // Own fields only: nothing is taken from a prototype.
      if (!Object.hasOwn(object, field.name)) continue;
      const value = object[field.name];
      if (value === undefined || value === null) continue;
      if (field.map) writeMap(writer, field, value);
      else if (field.repeated) writeList(writer, field, value);
      else if (field.codec.accepts(value)) writeField(writer, field.number, field.codec, value);
    }
  }

  private writeInline(writer: BackwardWriter, field: Field, object: JsonObject): void {
    const before = writer.length;
    (field.codec as MessageCodec).writeBody(writer, object);
    const size = writer.length - before;
    if (size === 0) return;
    writer.uint(size);
    writer.uint(field.tag);
  }

  read(reader: Reader, depth: number, before: unknown): JsonObject {
    const object: JsonObject = isObject(before) ? before : {};
    reader.nested(() => this.readBody(reader, object, depth));
    return object;
  }

  /** Reads all there is. Throws ProtobufError. */
  decode(bytes: Buffer): JsonObject {
    const object: JsonObject = {};
    this.readBody(new Reader(bytes), object, 0);
    return object;
  }

  private readBody(reader: Reader, object: JsonObject, depth: number): void {
    if (depth > maxDepth) throw new ProtobufError('proto: exceeded max depth');
    eachField(reader, (number, wireType) => {
      const field = this.#byNumber.get(number);
      if (!field) return false;
      readField(reader, object, { message: this.name, field, wireType, depth });
      return true;
    });
  }

  /** For fields that JSON has in the parent. */
  readInto(reader: Reader, object: JsonObject, depth: number): void {
    reader.nested(() => this.readBody(reader, object, depth));
  }
}

function writeList(writer: BackwardWriter, field: Field, value: unknown): void {
  if (!Array.isArray(value)) return;
  const { codec, number } = field;
  for (let index = value.length - 1; index >= 0; index--) {
    if (codec.accepts(value[index])) writeField(writer, number, codec, value[index]);
  }
}

const keyCodec = scalarCodecs['string'] as Codec;

/** Keys in order, as Go writes them. */
function writeMap(writer: BackwardWriter, field: Field, value: unknown): void {
  if (!isObject(value)) return;
  const { codec, number } = field;
  const keys = Object.keys(value).sort();
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index] as string;
    if (!codec.accepts(value[key])) continue;
    writeNestedField(writer, number, () => {
      writeField(writer, 2, codec, value[key]);
      writeField(writer, 1, keyCodec, key);
    });
  }
}

interface FieldContext {
  message: string;
  field: Field;
  wireType: number;
  depth: number;
}

function readField(reader: Reader, object: JsonObject, context: FieldContext): void {
  const { message, field, wireType, depth } = context;
  const { codec, name } = field;
  const expected = field.map ? wireBytes : codec.wireType;
  const packed = field.repeated && wireType === wireBytes && expected !== wireBytes;
  if (wireType !== expected && !packed) {
    throw new ProtobufError(`proto: wrong wireType = ${wireType} for field ${name} of ${message}`);
  }
  if (field.inline) (codec as MessageCodec).readInto(reader, object, depth + 1);
  else if (field.map) readMapEntry(reader, object, field, depth);
  else if (field.repeated) readItems(reader, object, field, { packed, depth });
  else {
    const value = codec.read(reader, depth + 1, object[name]);
    if (value !== undefined && (field.keepsZero || !codec.isZero(value))) object[name] = value;
    else delete object[name];
  }
}

function readItems(
  reader: Reader,
  object: JsonObject,
  { codec, name }: Field,
  { packed, depth }: { packed: boolean; depth: number },
): void {
  const list = (object[name] as unknown[] | undefined) ?? [];
  object[name] = list;
  const readOne = (): void => {
    list.push(codec.read(reader, depth + 1, undefined) ?? null);
  };
  if (!packed) {
    readOne();
    return;
  }
  reader.nested(() => {
    while (!reader.done) readOne();
  });
}

function readMapEntry(reader: Reader, object: JsonObject, { codec, name }: Field, depth: number): void {
  let key = '';
  let value: unknown;
  reader.nested(() => {
    eachField(reader, (number, wireType) => {
      if (number === 1 && wireType === wireBytes) key = reader.string();
      else if (number === 2 && wireType === codec.wireType) value = codec.read(reader, depth + 1, undefined);
      else return false;
      return true;
    });
  });
  if (key === '__proto__') throw new ProtobufError('proto: map key "__proto__" is not allowed');
  const map = (object[name] as JsonObject | undefined) ?? {};
  setOwn(map, key, value ?? absentValue(codec));
  object[name] = map;
}

/** What Go has for an entry without a value. */
function absentValue(codec: Codec): unknown {
  if (codec === specialCodecs['Quantity']) return '0';
  if (codec === specialCodecs['meta.Time']) return null;
  if (codec instanceof MessageCodec) return {};
  return codec.accepts('') ? '' : [];
}
