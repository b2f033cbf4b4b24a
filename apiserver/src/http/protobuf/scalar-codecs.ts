/** Strings, numbers, booleans and bytes. */

import { wireBytes, wireFixed64, wireVarint } from '../../protobuf-wire/wire-format.js';
import type { Codec } from './codec.js';

const isString = (value: unknown): value is string => typeof value === 'string';
const isWhole = (value: unknown): boolean => Number.isInteger(value) || typeof value === 'bigint';

const string: Codec = {
  wireType: wireBytes,
  accepts: isString,
  write(writer, value) {
    const before = writer.length;
    writer.text(value as string);
    writer.uint(writer.length - before);
  },
  read: (reader) => reader.string(),
  isZero: (value) => value === '',
};

/** Base64 in JSON. */
const bytes: Codec = {
  wireType: wireBytes,
  accepts: isString,
  write(writer, value) {
    const decoded = Buffer.from(value as string, 'base64');
    writer.bytes(decoded);
    writer.uint(decoded.length);
  },
  read: (reader) => reader.bytes().toString('base64'),
  isZero: (value) => value === '',
};

const bool: Codec = {
  wireType: wireVarint,
  accepts: (value) => typeof value === 'boolean',
  write: (writer, value) => writer.uint(value ? 1 : 0),
  read: (reader) => reader.int64() !== 0,
  isZero: (value) => value === false,
};

const int32: Codec = {
  wireType: wireVarint,
  accepts: isWhole,
  write: (writer, value) => writer.int(value as number | bigint),
  read: (reader) => reader.int32(),
  isZero: (value) => value === 0,
};

const int64: Codec = { ...int32, read: (reader) => reader.exactInt64() };

const double: Codec = {
  wireType: wireFixed64,
  accepts: (value) => typeof value === 'number' || typeof value === 'bigint',
  write: (writer, value) => writer.double(Number(value)),
  read: (reader) => reader.double(),
  isZero: (value) => value === 0,
};

export const scalarCodecs: Readonly<Record<string, Codec>> = { string, bytes, bool, int32, int64, double };
