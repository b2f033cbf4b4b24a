/** JSON values as plain objects: parsing with limits, copying and comparing without trusting prototypes. */

import { parseExact } from './exact-json.js';
import { scanJson } from './json-scanner.js';
import { badRequest } from './status-error.js';

/** A JSON object whose fields are not known. */
export type JsonObject = Record<string, unknown>;

/** Go's encoding/json allows 10,000; no API object comes near, and recursion over more would end in the stack. */
export const maxJsonDepth = 1000;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own field `key`; never something inherited. */
export function getOwn(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets an own field, also where `key` is `__proto__`. */
export function setOwn(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else object[key] = value;
}

function cloneArray(source: readonly unknown[]): unknown[] {
  const copy = new Array<unknown>(source.length);
  for (let index = 0; index < source.length; index++) copy[index] = deepClone(source[index]);
  return copy;
}

/** A copy that shares nothing with `value`. Only for JSON values; fields that are undefined are left out. */
export function deepClone<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return cloneArray(value) as T;
  const copy: JsonObject = {};
  const source = value as JsonObject;
  for (const key of Object.keys(source)) {
    const field = source[key];
    if (field !== undefined) setOwn(copy, key, typeof field === 'object' && field !== null ? deepClone(field) : field);
  }
  return copy as T;
}

function arraysEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (!deepEqual(a[index], b[index])) return false;
  }
  return true;
}

function definedFields(object: JsonObject): number {
  let count = 0;
  for (const key of Object.keys(object)) if (object[key] !== undefined) count++;
  return count;
}

/** Whether both would be the same JSON. The order of fields does not count, nor do fields that are undefined. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && arraysEqual(a, b);
  const left = a as JsonObject;
  const right = b as JsonObject;
  let count = 0;
  for (const key of Object.keys(left)) {
    if (left[key] === undefined) continue;
    if (!Object.hasOwn(right, key) || !deepEqual(left[key], right[key])) return false;
    count++;
  }
  return count === definedFields(right);
}

/** Whether there are more than `limit` opening characters at all, wherever they stand: far cheaper than reading on. */
function hasMoreOpenings(text: string, limit: number): boolean {
  let count = 0;
  for (const opening of ['{', '[']) {
    for (let at = text.indexOf(opening); at >= 0; at = text.indexOf(opening, at + 1)) {
      if (++count > limit) return true;
    }
  }
  return false;
}

/** Reads past strings; stops as soon as the limit is passed. */
function isDeeperThan(text: string, limit: number): boolean {
  if (text.length <= limit || !hasMoreOpenings(text, limit)) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) {
      index = endOfString(text, index);
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text.charCodeAt(index) !== 0x22) index += text.charCodeAt(index) === 0x5c ? 2 : 1;
  return index;
}

function hasProtoKey(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasProtoKey);
  if (!isObject(value)) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProtoKey);
}

/** What a number must look like to be beyond all doubles: cheap to find, and rare. */
const hugeNumber = /\d[eE]\+?0*[1-9]\d\d|\d{309}/;

function hasInfinity(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasInfinity);
  if (isObject(value)) return Object.values(value).some(hasInfinity);
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}

/**
 * Parses JSON from a client, with bigints for integers of int64 beyond 2^53. Throws StatusError 400 with Go's wording for malformed text,
 * for more than {@link maxJsonDepth} levels and for a field named `__proto__`, which code elsewhere could take for the object's prototype.
 * Numbers beyond all doubles are refused, too: they would be written as null.
 */
export function parseJson(text: string): unknown {
  if (isDeeperThan(text, maxJsonDepth)) throw badRequest('json: exceeded max depth');
  let value: unknown;
  try {
    value = parseExact(text);
  } catch (cause) {
    throw badRequest(scanJson(text).error ?? (cause instanceof Error ? cause.message : String(cause)));
  }
  if (hugeNumber.test(text) && hasInfinity(value)) {
    throw badRequest('json: cannot unmarshal number into Go value of type float64: value out of range');
  }
  const suspicious = text.includes('__proto__') || text.includes('\\u');
  if (suspicious && hasProtoKey(value)) throw badRequest('json: field name "__proto__" is not allowed');
  return value;
}

/** As {@link parseJson}, for text that must be an object. `what` names it in the error. */
export function parseJsonObject(text: string, what = 'the request body'): JsonObject {
  const value = parseJson(text);
  if (!isObject(value)) throw badRequest(`json: ${what} must be an object, not ${describeJson(value)}`);
  return value;
}

/** `string`, `array`, `null`, ...: the JSON type, for messages. */
export function describeJson(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint') return 'number';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/**
 * Paths of fields that occur more than once in an object (`spec.replicas`, `spec.containers[0].name`), each once, in order. For
 * strict field validation; the text must have parsed.
 */
export function duplicateKeys(text: string): string[] {
  return scanJson(text).duplicates;
}

/** Copies every field of `source` over `target`, recursing where both have objects. Arrays and scalars are shared, not copied. */
export function mergeInto(target: JsonObject, source: JsonObject): JsonObject {
  for (const key of Object.keys(source)) {
    const value = source[key];
    const existing = getOwn(target, key);
    if (isObject(value) && isObject(existing)) mergeInto(existing, value);
    else if (value !== undefined) setOwn(target, key, value);
  }
  return target;
}
