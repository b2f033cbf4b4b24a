/**
 * Gives an object the form that Go's structs have when they are written: empty values of fields that Go omits go, structs that are no
 * pointers and required fields are there even when nobody has set them. Upstream decodes every built-in object into such structs and
 * writes it from them, so this is what its clients see.
 *
 * Code behind this may rely on required texts, numbers, flags and lists, and on structs. Times that nobody has set are null.
 */
import { isObject, type JsonObject } from '@kubelab/apimachinery/json';
import { findMessage, type MessageField, messageOfKind } from './protobuf/messages.js';

/** What becomes of a field's value; undefined takes the field away. */
type Completion = (value: unknown) => unknown;

/** Messages whose JSON form is not an object with their fields. */
const opaque = new Set([
  'Quantity',
  'IntOrString',
  'RawExtension',
  'meta.Time',
  'meta.MicroTime',
  'meta.Duration',
  'meta.FieldsV1',
  'meta.Verbs',
  'apiextensions.v1.JSON',
]);

/** Values that are written where nobody has set one; lists and maps apart. */
const zeros: Readonly<Record<string, unknown>> = {
  string: '',
  bytes: '',
  bool: false,
  int32: 0,
  int64: 0,
  double: 0,
  IntOrString: 0,
  Quantity: '0',
  'meta.Time': null,
  'meta.MicroTime': null,
};

const scalars = new Set(['string', 'bytes', 'bool', 'int32', 'int64', 'double']);

class Struct {
  /** Of fields that there are always. */
  private readonly absent: [string, () => unknown][] = [];
  private readonly present = new Map<string, Completion>();

  constructor(private readonly name: string) {}

  /** Apart from the constructor because messages may contain themselves. */
  compile(): this {
    for (const field of flatFields(this.name)) {
      const zero = absentValue(field);
      if (zero) this.absent.push([field.name, zero]);
      const completion = completionOf(field);
      if (completion) this.present.set(field.name, completion);
    }
    return this;
  }

  complete(object: JsonObject): void {
    for (const key of Object.keys(object)) {
      const completion = this.present.get(key);
      if (!completion) continue;
      const value = object[key];
      const kept = completion(value);
      if (kept === undefined) delete object[key];
      else if (kept !== value) object[key] = kept;
    }
    for (const [field, zero] of this.absent) if (object[field] === undefined) object[field] = zero();
  }
}

const structs = new Map<string, Struct>();

function structOf(name: string): Struct {
  const known = structs.get(name);
  if (known) return known;
  const struct = new Struct(name);
  structs.set(name, struct);
  return struct.compile();
}

function flatFields(name: string): MessageField[] {
  const fields = findMessage(name)?.fields ?? [];
  return fields.flatMap((field) => (field.inline ? flatFields(field.type) : [field]));
}

/** Completes `object`, of a built-in kind, in place. Kinds without a protobuf form stay as they are. */
export function completeObject(apiVersion: string, kind: string, object: JsonObject): void {
  const message = messageOfKind(apiVersion, kind);
  if (message !== undefined) structOf(message).complete(object);
}

function absentValue(field: MessageField): (() => unknown) | undefined {
  const { presence, type } = field;
  if (presence !== 'always' && presence !== 'required') return undefined;
  if (field.repeated) return presence === 'always' ? () => null : () => [];
  if (field.map) return undefined;
  if (Object.hasOwn(zeros, type)) return () => zeros[type];
  // Structs that the schema requires and that are pointers: nobody can say what would be in them.
  if (presence === 'required' || opaque.has(type) || schemaUnion.test(type)) return undefined;
  const struct = structOf(type);
  return () => {
    const object = {};
    struct.complete(object);
    return object;
  };
}

function completionOf(field: MessageField): Completion | undefined {
  const inner = innerCompletion(field.type);
  if (field.repeated) return listCompletion(field, inner);
  if (field.map) return mapCompletion(inner);
  if (scalars.has(field.type)) {
    if (field.presence !== 'omitted') return undefined;
    const zero = zeros[field.type];
    return (value) => (value === zero ? undefined : value);
  }
  if (!inner) return undefined;
  return (value) => {
    inner(value);
    return value;
  };
}

function listCompletion({ presence }: MessageField, inner: ((value: unknown) => void) | undefined): Completion {
  return (value) => {
    if (!Array.isArray(value)) return value;
    if (value.length === 0 && presence === 'omitted') return undefined;
    if (value.length === 0 && presence === 'always') return null;
    if (inner) for (const item of value) inner(item);
    return value;
  };
}

function mapCompletion(inner: ((value: unknown) => void) | undefined): Completion {
  return (value) => {
    if (!isObject(value)) return value;
    const items = Object.values(value);
    if (items.length === 0) return undefined;
    if (inner) for (const item of items) inner(item);
    return value;
  };
}

/** The places in JSON schemas where something else may stand instead of a schema: a flag, or a list. */
const schemaUnion = /^(.*\.JSONSchemaProps)Or(?:Bool|Array|StringArray)$/;

/** For values that are structs, or have structs in them. */
function innerCompletion(type: string): ((value: unknown) => void) | undefined {
  if (scalars.has(type) || opaque.has(type)) return undefined;
  const struct = structOf(schemaUnion.exec(type)?.[1] ?? type);
  return (value) => {
    if (isObject(value)) struct.complete(value);
    else if (Array.isArray(value)) for (const item of value) if (isObject(item)) struct.complete(item);
  };
}
