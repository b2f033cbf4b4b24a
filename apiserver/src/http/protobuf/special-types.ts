/** Messages whose JSON form is not an object with the same fields. */

import { formatDuration, formatMicroTime, formatTime } from '@kubelab/apimachinery/time';
import { eachField, type Reader } from './wire-format.js';

/** The absent time is null in JSON, that is: nothing. */
export function readTime(type: string, reader: Reader): string | undefined {
  let seconds: number | undefined;
  let nanos = 0;
  eachField(reader, reader.uint32(), (number, inner) => {
    if (number === 1) seconds = Number(inner.int64().toString());
    else if (number === 2) nanos = inner.int32();
    else return false;
    return true;
  });
  if (seconds === undefined) return undefined;
  const date = new Date(seconds * 1000 + nanos / 1e6);
  return type === 'meta.Time' ? formatTime(date) : formatMicroTime(date);
}

/** Types whose JSON form is not an object. Undefined: not one of them. */
export function readSpecial(type: string, reader: Reader): unknown {
  switch (type) {
    case 'Quantity':
      return readSingle(reader, (inner) => inner.string()) ?? '0';
    case 'IntOrString':
      return readIntOrString(reader);
    case 'RawExtension':
    case 'meta.FieldsV1':
      return JSON.parse(
        Buffer.from(readSingle(reader, (inner) => inner.bytes()) ?? Buffer.from('{}')).toString() || '{}',
      );
    case 'meta.Duration':
      return formatDuration(Number(readSingle(reader, (inner) => inner.int64())?.toString() ?? 0) / 1e6);
    default:
      return undefined;
  }
}

function readSingle<T>(reader: Reader, read: (inner: Reader) => T): T | undefined {
  let value: T | undefined;
  eachField(reader, reader.uint32(), (number, inner) => {
    if (number !== 1) return false;
    value = read(inner);
    return true;
  });
  return value;
}

function readIntOrString(reader: Reader): number | string {
  let isText = false;
  let number = 0;
  let text = '';
  eachField(reader, reader.uint32(), (field, inner) => {
    if (field === 1) isText = Number(inner.int64().toString()) === 1;
    else if (field === 2) number = inner.int32();
    else if (field === 3) text = inner.string();
    else return false;
    return true;
  });
  return isText ? text : number;
}
