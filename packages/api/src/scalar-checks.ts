/** Checks of values that are no lists, maps or objects of fields, and of the definitions whose JSON form a schema cannot say. */
import { describeJson, isObject } from '@kubelab/apimachinery/json';
import { canonicalizeQuantity, QuantityError } from '@kubelab/apimachinery/quantity';
import { canonicalizeMicroTime, canonicalizeTime, TimeError } from '@kubelab/apimachinery/time';
import { type DecodeContext, DecodeError } from './decode-context.js';

/** Returns what to keep; undefined drops the field. Throws {@link DecodeError}. */
export type Check = (value: unknown, context: DecodeContext) => unknown;

export const checkString: Check = (value, context) => {
  if (typeof value !== 'string') throw context.wrongType(describeJson(value), 'string');
  return value;
};

export const checkBoolean: Check = (value, context) => {
  if (typeof value !== 'boolean') throw context.wrongType(describeJson(value), 'bool');
  return value;
};

export const checkNumber: Check = (value, context) => {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw context.wrongType(describeJson(value), 'float64');
  return Number(value);
};

export const checkInt32: Check = (value, context) => {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw context.wrongType(describeJson(value), 'int32');
  if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 31) {
    throw context.wrongType(`number ${value}`, 'int32');
  }
  return value;
};

/** Beyond 2^53 a bigint; a Number of that size was no integer of int64 where it came from. */
export const checkInt64: Check = (value, context) => {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number') throw context.wrongType(describeJson(value), 'int64');
  if (!Number.isSafeInteger(value)) throw context.wrongType(`number ${value}`, 'int64');
  return value;
};

export const checkAnyObject: Check = (value, context) => {
  if (!isObject(value)) throw context.wrongType(describeJson(value), 'map[string]interface {}');
  return value;
};

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const checkBytes: Check = (value, context) => {
  if (typeof value !== 'string') throw context.wrongType(describeJson(value), '[]uint8');
  const text = value.replace(/[\r\n]/g, '');
  if (!base64.test(text)) throw new DecodeError(`illegal base64 data at input byte ${firstIllegalByte(text)}`);
  return text;
};

/** Where Go's decoder gives up: the first character that is not base64, or the end of what could be decoded. */
function firstIllegalByte(text: string): number {
  const bad = text.search(/[^A-Za-z0-9+/]/);
  if (bad < 0) return text.length - (text.length % 4);
  return bad;
}

const checkQuantity: Check = (value) => {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    throw new DecodeError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  }
  try {
    return canonicalizeQuantity(typeof value === 'bigint' ? String(value) : value);
  } catch (error) {
    if (error instanceof QuantityError) throw new DecodeError(error.message);
    throw error;
  }
};

function checkTimeWith(canonicalize: (text: string) => string): Check {
  return (value) => {
    if (typeof value !== 'string') {
      throw new DecodeError(`json: cannot unmarshal ${describeJson(value)} into Go value of type string`);
    }
    try {
      return canonicalize(value);
    } catch (error) {
      if (error instanceof TimeError) throw new DecodeError(error.message);
      throw error;
    }
  };
}

const checkIntOrString: Check = (value) => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
  const what = typeof value === 'number' || typeof value === 'bigint' ? `number ${value}` : describeJson(value);
  throw new DecodeError(`json: cannot unmarshal ${what} into Go value of type int32`);
};

/** Definitions whose JSON form is not what their schema alone says. */
export const specialChecks: Readonly<Record<string, Check | undefined>> = Object.assign(Object.create(null), {
  Quantity: checkQuantity,
  Time: checkTimeWith(canonicalizeTime),
  MicroTime: checkTimeWith(canonicalizeMicroTime),
  IntOrString: checkIntOrString,
  RawExtension: checkAnyObject,
  FieldsV1: checkAnyObject,
});
