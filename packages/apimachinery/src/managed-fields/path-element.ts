import { parseExact, stringifyExact } from '../exact-json.js';
/**
 * One step of a field path, in the form FieldsV1 gives it: `f:name` (a field), `k:{"name":"x"}` (an item of a list with keys),
 * `v:"x"` (an item of a set), `i:0` (an index). The text identifies the element: keys are sorted, values are canonical JSON.
 */
export type PathElement = string;

export type FieldPath = readonly PathElement[];

export const fieldElement = (name: string): PathElement => `f:${name}`;

/** Go's encoder escapes these in strings, and the text must be the same. */
function escapeHtml(json: string): string {
  if (!/[<>&\u2028\u2029]/.test(json)) return json;
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `keys` must be sorted by name. */
export function keyElement(keys: readonly (readonly [string, unknown])[]): PathElement {
  const fields = keys.map(([name, value]) => `${JSON.stringify(name)}:${stringifyExact(value)}`);
  return escapeHtml(`k:{${fields.join(',')}}`);
}

export const valueElement = (value: unknown): PathElement => escapeHtml(`v:${stringifyExact(value)}`);
export const indexElement = (index: number): PathElement => `i:${index}`;

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Brings what a client wrote into the canonical form. Throws Error for what is no path element. */
export function parsePathElement(text: string): PathElement {
  const content = text.slice(2);
  switch (text.slice(0, 2)) {
    case 'f:':
      return text;
    case 'v:':
      return valueElement(parseExact(content));
    case 'k:': {
      const keys: unknown = parseExact(content);
      if (!isPlainObject(keys)) throw new Error(`not an object of keys: ${text}`);
      return keyElement(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    case 'i:':
      if (!/^-?[0-9]+$/.test(content))
        throw new Error(`strconv.Atoi: parsing ${JSON.stringify(content)}: invalid syntax`);
      return indexElement(Number(content));
    default:
      if (text.length < 2) throw new Error('key must be 2 characters long');
      throw new Error(text.charAt(1) === ':' ? 'unknown path element type' : `missing colon: ${text}`);
  }
}

/** As upstream's messages show it: `.spec`, `[name="x"]`, `[="x"]`, `[0]`. */
export function formatElement(element: PathElement): string {
  const content = element.slice(2);
  if (element.startsWith('f:')) return `.${content}`;
  if (element.startsWith('i:')) return `[${content}]`;
  if (element.startsWith('v:')) return `[=${content}]`;
  const keys = parseExact(content) as Record<string, unknown>;
  const shown = Object.entries(keys).map(([name, value]) => `${name}=${stringifyExact(value)}`);
  return `[${shown.join(',')}]`;
}

export const formatPath = (path: FieldPath): string => path.map(formatElement).join('');

const rank = (element: PathElement): number => 'fkvi'.indexOf(element.charAt(0));

const scalarType = (value: unknown): string => (typeof value === 'bigint' ? 'number' : typeof value);

/** Numbers before strings, each in their own order (upstream's value.Compare for what keys and sets can hold). */
function compareScalars(a: unknown, b: unknown): number {
  const [left, right] = [scalarType(a), scalarType(b)];
  if (left === right) return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
  const order = ['number', 'string', 'boolean'];
  return order.indexOf(left) - order.indexOf(right);
}

function compareKeys(a: string, b: string): number {
  const left = Object.entries(parseExact(a) as Record<string, unknown>);
  const right = Object.entries(parseExact(b) as Record<string, unknown>);
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [[leftName, leftValue], [rightName, rightValue]] = [left[index] ?? ['', 0], right[index] ?? ['', 0]];
    if (leftName !== rightName) return leftName < rightName ? -1 : 1;
    const order = compareScalars(leftValue, rightValue);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** The order of FieldsV1: fields, keys, values, indices; each by content. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0;
  const byKind = rank(a) - rank(b);
  if (byKind !== 0) return byKind;
  if (a.startsWith('f:')) return a < b ? -1 : 1;
  if (a.startsWith('k:')) return compareKeys(a.slice(2), b.slice(2));
  return compareScalars(parseExact(a.slice(2)), parseExact(b.slice(2)));
}
