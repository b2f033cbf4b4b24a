/** YAML from clients, read as Go's YAML library reads it into JSON, within limits. */

import { exactInteger } from '@kubelab/apimachinery/exact-json';
import { goSyntax } from '@kubelab/apimachinery/go-format';
import { isObject, maxJsonDepth, setOwn } from '@kubelab/apimachinery/json';
import { CORE_SCHEMA, load, Type, types, YAMLException } from 'js-yaml';

declare module 'js-yaml' {
  /** Exported, but missing in the package's declarations. */
  const types: Readonly<Record<'int' | 'float', Type>>;
  interface LoadOptions {
    /** Called around every node, `state.result` being what it has become. */
    listener?(event: 'open' | 'close', state: { kind: string | null; result: unknown }): void;
  }
}

/** More nodes than any API object has; aliases of aliases can stand for billions. */
const maxNodes = 1_000_000;

/** More text than any request body has. */
const maxCharacters = 4 * 1024 * 1024;

const truths = new Set(['yes', 'Yes', 'YES', 'on', 'On', 'ON']);
const untruths = new Set(['no', 'No', 'NO', 'off', 'Off', 'OFF']);

/** YAML 1.1's other booleans, which Go's library knows (but for single letters). */
const oldBooleans = new Type('tag:kubelab,2024:old-bool', {
  kind: 'scalar',
  resolve: (text: string | null) => text !== null && (truths.has(text) || untruths.has(text)),
  construct: (text: string) => truths.has(text),
});

/** `<<: *anchor`; the loader knows it by its tag. */
const merge = new Type('tag:yaml.org,2002:merge', { kind: 'scalar', resolve: (text: string | null) => text === '<<' });

/** Integers in all the ways of YAML; decimal ones as exactly as JSON's, in both directions. */
export const yamlIntegers = new Type('tag:yaml.org,2002:int', {
  kind: 'scalar',
  resolve: (text: string | null) => types.int.resolve(text),
  construct: (text: string) =>
    /^[-+]?[1-9][0-9]*$/.test(text) ? exactInteger(text.replace('+', '')) : types.int.construct(text),
  predicate: (value) => typeof value === 'bigint' || (Number.isInteger(value) && !Object.is(value, -0)),
  represent: (value) => String(value),
});

/**
 * What null is until the document is unfolded. The loader makes texts of keys, and of a null that would be "null", which is another key:
 * Go's library takes numbers and booleans for keys, but no null.
 */
const nothing = Object.assign(() => undefined, {
  toString(): string {
    throw new YamlError('error converting YAML to JSON: Unsupported map key of type: %!s(<nil>), key: <nil>');
  },
});

const nulls = new Type('tag:yaml.org,2002:null', {
  kind: 'scalar',
  resolve: (text: string | null) => text === null || /^(?:~|null|Null|NULL|)$/.test(text),
  construct: () => nothing,
});

const floats = new Type('tag:yaml.org,2002:float', {
  kind: 'scalar',
  resolve: (text: string | null) => types.float.resolve(text),
  construct: (text: string) => {
    const value = types.float.construct(text) as number;
    // Likewise: what it is as a key is known only there.
    return Object.assign(() => value, { toString: () => floatAsKey(value) });
  },
});

/** Go's library writes keys in single precision. */
function floatAsKey(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf';
  if (single === 0) return Object.is(single, -0) ? '-0' : '0';
  const digits = [1, 2, 3, 4, 5, 6, 7, 8].find((count) => Math.fround(Number(single.toPrecision(count))) === single);
  const [mantissa = '', exponent = ''] = single.toExponential((digits ?? 9) - 1).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(`${mantissa}e${power}`));
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** A list; the loader makes text of one that is a key, and this is how it does it. */
class YamlList extends Array<unknown> {
  override toString(): string {
    const plain = [...this].map((item) => (item === nothing ? null : typeof item === 'function' ? item() : item));
    throw new YamlError(`yaml: invalid map key: ${goSyntax(plain)}`);
  }
}

/** What the loader makes of a mapping that is a key. */
const mappingAsKey = '[object Object]';

// The types for timestamps and binary data are left out: both are strings in JSON.
const schema = CORE_SCHEMA.extend({ implicit: [nulls, merge, oldBooleans, yamlIntegers, floats] });

/** The text is no YAML; the message is for the client. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
}

export interface YamlDocument {
  value: unknown;
  /** Keys that a mapping has twice, as Go's library words them; the last value counts. */
  duplicates: string[];
}

/** Throws YamlError for malformed text, more than one document, numbers that JSON has not, and too deep or too large values. */
export function parseYaml(text: string): YamlDocument {
  const duplicates: string[] = [];
  const value = read(text, duplicates);
  return { value: unfold(value, { nodes: 0, characters: 0 }, 0), duplicates };
}

function noteList(event: 'open' | 'close', { result }: { result: unknown }): void {
  if (event === 'close' && Array.isArray(result)) Object.setPrototypeOf(result, YamlList.prototype);
}

const duplicatedKey = 'duplicated mapping key';

function read(text: string, duplicates: string[]): unknown {
  try {
    return load(text, { schema, json: duplicates.length > 0, listener: noteList });
  } catch (cause) {
    // The reader recurses: what is nested beyond its stack is beyond any limit.
    if (cause instanceof RangeError) throw new YamlError('yaml: exceeded max depth', { cause });
    if (!(cause instanceof YAMLException)) throw cause;
    if (cause.reason === duplicatedKey && duplicates.length === 0) {
      duplicates.push(duplicateText(text, cause));
      return read(text, duplicates);
    }
    const line = cause.mark ? `line ${cause.mark.line + 1}: ` : '';
    throw new YamlError(`yaml: ${line}${cause.reason ?? cause.message}`, { cause });
  }
}

function duplicateText(text: string, { mark }: YAMLException): string {
  const key = /^[\s{,]*["']?([^"':\s,}]+)/.exec(text.slice(mark.position, mark.position + 300))?.[1] ?? '';
  return `yaml: unmarshal errors:\n  line ${mark.line + 1}: key ${JSON.stringify(key)} already set in map`;
}

interface Count {
  nodes: number;
  characters: number;
}

/** Copies the value, so that nothing is shared through aliases. */
function unfold(value: unknown, count: Count, depth: number): unknown {
  if (typeof value === 'string') count.characters += value.length;
  if (++count.nodes > maxNodes || count.characters > maxCharacters) {
    throw new YamlError('yaml: document contains excessive aliasing');
  }
  if (value === nothing) return null;
  if (typeof value === 'function') return unfold(value(), count, depth);
  if (depth > maxJsonDepth) throw new YamlError('yaml: exceeded max depth');
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new YamlError(`json: unsupported value: ${value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN'}`);
  }
  if (Array.isArray(value)) return Array.from(value, (item) => unfold(item, count, depth + 1));
  if (!isObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') throw new YamlError('yaml: field name "__proto__" is not allowed');
    if (key === mappingAsKey) throw new YamlError('yaml: invalid map key: map[interface {}]interface {}');
    count.characters += key.length;
    setOwn(copy, key, unfold(item, count, depth + 1));
  }
  return copy;
}
