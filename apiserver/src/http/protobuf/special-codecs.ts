/** Messages whose JSON form is not an object with the same fields. */

import { parseExact, stringifyExact } from '@kubelab/apimachinery/exact-json';
import { isObject } from '@kubelab/apimachinery/json';
import { formatDuration, formatTime, parseDuration, parseTime, TimeError } from '@kubelab/apimachinery/time';
import { eachField, ProtobufError, type Reader } from '../../protobuf-wire/wire-format.js';
import { type Codec, delimited, writeField } from './codec.js';
import { scalarCodecs } from './scalar-codecs.js';

const { string, bytes, int32, int64 } = scalarCodecs as Record<'string' | 'bytes' | 'int32' | 'int64', Codec>;

const isString = (value: unknown): boolean => typeof value === 'string';

/** The last value of field 1, or undefined. */
function readOnly<T>(reader: Reader, read: () => T): T | undefined {
  let value: T | undefined;
  eachField(reader, (number) => {
    if (number !== 1) return false;
    value = read();
    return true;
  });
  return value;
}

const quantity = delimited({
  accepts: (value) => typeof value === 'string' || typeof value === 'number',
  write: (writer, value) => writeField(writer, 1, string, String(value)),
  read: (reader) => readOnly(reader, () => reader.string()) || '0',
});

const intOrString = delimited({
  accepts: (value) => typeof value === 'string' || typeof value === 'number',
  write(writer, value) {
    const isText = typeof value === 'string';
    writeField(writer, 3, string, isText ? value : '');
    writeField(writer, 2, int32, isText ? 0 : value);
    writeField(writer, 1, int64, isText ? 1 : 0);
  },
  read(reader) {
    let isText = false;
    let number = 0;
    let text = '';
    eachField(reader, (field) => {
      if (field === 1) isText = reader.int64() === 1;
      else if (field === 2) number = reader.int32();
      else if (field === 3) text = reader.string();
      else return false;
      return true;
    });
    return isText ? text : number;
  },
});

const latestSeconds = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;
// Date.UTC takes the years up to 99 for those of the 20th century.
const earliestSeconds = Date.parse('0000-01-01T00:00:00Z') / 1000;

/** The absent time is null in JSON, that is: nothing. */
function readTimestamp(reader: Reader): { seconds: number; nanos: number } | undefined {
  let seconds: number | undefined;
  let nanos = 0;
  eachField(reader, (number) => {
    if (number === 1) seconds = reader.int64();
    else if (number === 2) nanos = reader.int32();
    else return false;
    return true;
  });
  if (seconds === undefined) return undefined;
  if (seconds < earliestSeconds || seconds > latestSeconds || nanos < 0 || nanos >= 1e9) {
    throw new ProtobufError('Time.UnmarshalProto: year outside of range [0,9999]');
  }
  return { seconds, nanos };
}

function epochSeconds(text: string): number {
  try {
    return Math.floor(parseTime(text).getTime() / 1000);
  } catch (error) {
    if (error instanceof TimeError) throw new ProtobufError(error.message);
    throw error;
  }
}

const time = delimited({
  accepts: isString,
  write(writer, value) {
    writeField(writer, 2, int32, 0);
    writeField(writer, 1, int64, epochSeconds(value as string));
  },
  read(reader) {
    const read = readTimestamp(reader);
    return read && formatTime(new Date(read.seconds * 1000));
  },
});

/** Nanoseconds of `2024-05-01T12:00:00.123456Z`, cut to microseconds. */
function fractionNanos(text: string): number {
  const digits = /\.(\d+)/.exec(text)?.[1] ?? '';
  return Number(digits.padEnd(6, '0').slice(0, 6)) * 1000;
}

const microTime = delimited({
  accepts: isString,
  write(writer, value) {
    writeField(writer, 2, int32, fractionNanos(value as string));
    writeField(writer, 1, int64, epochSeconds(value as string));
  },
  read(reader) {
    const read = readTimestamp(reader);
    if (!read) return undefined;
    const micros = String(Math.floor(read.nanos / 1000)).padStart(6, '0');
    return `${formatTime(new Date(read.seconds * 1000)).slice(0, -1)}.${micros}Z`;
  },
});

const duration = delimited({
  accepts: isString,
  write: (writer, value) => writeField(writer, 1, int64, parseDuration(value as string) * 1e6),
  read: (reader) => formatDuration((readOnly(reader, () => reader.int64()) ?? 0) / 1e6),
});

function parseEmbedded(raw: Buffer | undefined): unknown {
  const text = raw?.toString() ?? '';
  if (text === '') return undefined;
  try {
    return parseExact(text);
  } catch (cause) {
    throw new ProtobufError(`proto: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Any JSON, as bytes in field 1: RawExtension, FieldsV1, apiextensions' JSON. */
const embedded = delimited({
  accepts: (value) => value !== undefined,
  write: (writer, value) => writeField(writer, 1, bytes, Buffer.from(stringifyExact(value)).toString('base64')),
  read: (reader) => parseEmbedded(readOnly(reader, () => reader.bytes())),
});

/** A list that is a message of its own only because protobuf has no maps of lists. */
const strings = delimited({
  accepts: (value) => Array.isArray(value),
  write(writer, value) {
    for (const item of (value as unknown[]).toReversed()) if (isString(item)) writeField(writer, 1, string, item);
  },
  read(reader) {
    const items: string[] = [];
    readOnly(reader, () => items.push(reader.string()));
    return items;
  },
});

export const specialCodecs: Readonly<Record<string, Codec>> = {
  Quantity: quantity,
  IntOrString: intOrString,
  RawExtension: embedded,
  'meta.FieldsV1': embedded,
  'apiextensions.v1.JSON': embedded,
  'meta.Time': time,
  'meta.MicroTime': microTime,
  'meta.Duration': duration,
  'meta.Verbs': strings,
  'authentication.v1.ExtraValue': strings,
  'authorization.v1.ExtraValue': strings,
  'certificates.v1.ExtraValue': strings,
};

const bool = scalarCodecs['bool'] as Codec;

/** The unions of CustomResourceDefinitions' schemas; `schema` is the codec of JSONSchemaProps. */
export function schemaUnion(type: string, schema: () => Codec): Codec | undefined {
  if (type === 'apiextensions.v1.JSONSchemaPropsOrBool') return schemaOrBool(schema);
  if (type === 'apiextensions.v1.JSONSchemaPropsOrArray') return schemaOrList(schema, schema);
  if (type === 'apiextensions.v1.JSONSchemaPropsOrStringArray') return schemaOrList(schema, () => string);
  return undefined;
}

function schemaOrBool(schema: () => Codec): Codec {
  return delimited({
    accepts: (value) => typeof value === 'boolean' || isObject(value),
    write(writer, value) {
      const isSchema = isObject(value);
      if (isSchema) writeField(writer, 2, schema(), value);
      writeField(writer, 1, bool, isSchema || value === true);
    },
    read(reader, depth) {
      let value: unknown = false;
      let props: unknown;
      eachField(reader, (number) => {
        if (number === 1) value = reader.int64() !== 0;
        else if (number === 2) props = schema().read(reader, depth + 1, props);
        else return false;
        return true;
      });
      return props ?? value;
    },
  });
}

function schemaOrList(schema: () => Codec, item: () => Codec): Codec {
  return delimited({
    accepts: (value) => Array.isArray(value) || isObject(value),
    write(writer, value) {
      if (!Array.isArray(value)) writeField(writer, 1, schema(), value);
      else for (const each of value.toReversed()) if (item().accepts(each)) writeField(writer, 2, item(), each);
    },
    read(reader, depth) {
      const items: unknown[] = [];
      let props: unknown;
      eachField(reader, (number) => {
        if (number === 1) props = schema().read(reader, depth + 1, props);
        else if (number === 2) items.push(item().read(reader, depth + 1, undefined));
        else return false;
        return true;
      });
      return props ?? items;
    },
  });
}
