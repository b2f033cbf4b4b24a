/** Changes objects by chance: as their schema allows, or as nobody should. */

import { builtinDefinitions, referencedName, type Schema } from '@kubelab/api/definitions';
import { isObject, type JsonObject, setOwn } from '@kubelab/apimachinery/json';

/** One change: where, what, and which of the many ways. Numbers of any size. */
export interface Mutation {
  where: number;
  what: number;
  how: number;
}

const texts = [
  '',
  'a',
  'A B',
  'a/b',
  '../x',
  'ä日\u{1f600}',
  '\u0000',
  '\ud800',
  'constructor',
  'toString',
  '25%',
  '-1',
  '1Gi',
  '1e999999999',
  '9'.repeat(400),
  'x'.repeat(300),
  '10.0.0.1',
  '::1',
  '0.0.0.0/0',
  '2024-05-01T11:00:00Z',
  '99999-99-99T99:99:99Z',
  '(',
  '{"a":1}',
  '$(A)',
  '\n',
  '%00',
];
const amounts = ['0', '1', '-1', '500m', '1Gi', '1e3', '0.5'];
const integers = [0, 1, -1, 80, 65_536, 2 ** 31 - 1];

const hostile: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 31,
  2 ** 53,
  [],
  {},
  [null],
  [[]],
  [{}],
  [1, 'a', null],
  { a: null },
  { constructor: 1 },
  { '': '' },
  ...texts,
];

/** Draws from a number again and again (mulberry32), so that one number stands for a whole value. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** A value as the schema of a built-in kind wants it, if not as its validation does. */
export function fittingValue(schema: Schema, draw: Draw, depth = 0): unknown {
  if (schema.$ref) return fittingReference(referencedName(schema.$ref), draw, depth);
  if (schema.enum && draw.below(4) > 0) return draw.pick(schema.enum);
  switch (schema.type) {
    case 'string':
      if (schema.format === 'byte') return draw.pick(['', 'eA==', 'AAECAwQ=']);
      return draw.pick(texts.slice(0, 16));
    case 'boolean':
      return draw.below(2) === 0;
    case 'integer':
    case 'number':
      return draw.pick(integers);
    case 'array':
      return times(draw, () => fittingValue(schema.items ?? {}, draw, depth + 1));
    default:
      return mapOf(schema, draw, depth);
  }
}

function mapOf({ additionalProperties }: Schema, draw: Draw, depth: number): JsonObject {
  if (!additionalProperties) return {};
  return Object.fromEntries(
    times(draw, () => [draw.pick(['a', 'b.c/d', 'x-y']), fittingValue(additionalProperties, draw, depth + 1)]),
  );
}

function times<T>(draw: Draw, make: () => T): T[] {
  return Array.from({ length: 1 + draw.below(2) }, make);
}

function fittingReference(name: string, draw: Draw, depth: number): unknown {
  if (name.endsWith('.Quantity')) return draw.pick(amounts);
  if (name.endsWith('.MicroTime')) return '2024-05-01T11:00:00.123456Z';
  if (name.endsWith('.Time')) return '2024-05-01T11:00:00Z';
  if (name.endsWith('.IntOrString')) return draw.pick([1, 80, '25%', 'http']);
  const properties = Object.entries(builtinDefinitions()[name]?.properties ?? {});
  const chosen = depth > 6 ? [] : properties.filter(() => draw.below(depth < 2 ? 3 : 5) === 0);
  return Object.fromEntries(chosen.map(([field, schema]) => [field, fittingValue(schema, draw, depth + 1)]));
}

interface Place {
  holder: JsonObject | unknown[];
  key: string | number;
  /** What is known of the value there. */
  schema: Schema | undefined;
}

/** Every place of the object that holds something. */
function placesIn(value: unknown, schema: Schema | undefined, into: Place[] = []): Place[] {
  if (Array.isArray(value)) {
    for (const [key, item] of value.entries()) {
      into.push({ holder: value, key, schema: schema?.items });
      placesIn(item, schema?.items, into);
    }
  } else if (isObject(value)) {
    const properties = propertiesOf(schema);
    for (const [key, item] of Object.entries(value)) {
      const known = Object.hasOwn(properties, key) ? properties[key] : schema?.additionalProperties;
      into.push({ holder: value, key, schema: known });
      placesIn(item, known, into);
    }
  }
  return into;
}

function propertiesOf(schema: Schema | undefined): Record<string, Schema> {
  if (!schema) return {};
  const resolved = schema.$ref ? builtinDefinitions()[referencedName(schema.$ref)] : schema;
  return resolved?.properties ?? {};
}

function put({ holder, key }: Place, value: unknown): void {
  if (Array.isArray(holder)) holder[key as number] = value;
  else setOwn(holder, key as string, value);
}

const read = ({ holder, key }: Place): unknown => (holder as JsonObject)[key as string];

/** Adds a field that the schema knows. False where there is no room for one. */
function addKnownField(object: JsonObject, root: Schema, { where, how }: Mutation): boolean {
  const rooms: { object: JsonObject; schema: Schema | undefined }[] = [{ object, schema: root }];
  for (const place of placesIn(object, root)) {
    const value = read(place);
    if (isObject(value)) rooms.push({ object: value, schema: place.schema });
  }
  const draw = new Draw(how);
  const room = rooms[where % rooms.length];
  const fields = Object.entries(propertiesOf(room?.schema)).filter(
    ([field]) => !Object.hasOwn(room?.object ?? {}, field),
  );
  if (fields.length === 0 || !room) return false;
  const [field, schema] = draw.pick(fields);
  setOwn(room.object, field, fittingValue(schema, draw));
  return true;
}

/** The object with a field more, or as it was. Changes it in place. */
export function growObject(object: JsonObject, root: Schema, mutations: readonly Mutation[]): JsonObject {
  for (const mutation of mutations) addKnownField(object, root, mutation);
  return object;
}

/** Breaks the object in place. */
export function breakObject(object: JsonObject, root: Schema, mutations: readonly Mutation[]): JsonObject {
  for (const mutation of mutations) breakOnce(object, root, mutation);
  return object;
}

function breakOnce(object: JsonObject, root: Schema, mutation: Mutation): void {
  const places = placesIn(object, root);
  const place = places[mutation.where % Math.max(1, places.length)];
  const draw = new Draw(mutation.how);
  if (!place) return;
  const value = read(place);
  switch (mutation.what % 6) {
    case 0:
    case 1:
      put(place, draw.pick(hostile));
      break;
    case 2:
      addKnownField(object, root, mutation);
      break;
    case 3:
      if (Array.isArray(place.holder)) place.holder.splice(place.key as number, 1);
      else delete place.holder[place.key as string];
      break;
    case 4:
      if (Array.isArray(value)) value.push(...value.slice(0, 5), draw.pick(hostile));
      else if (isObject(value)) setOwn(value, draw.pick(texts), draw.pick(hostile));
      else put(place, [value]);
      break;
    default:
      if (isObject(place.holder)) setOwn(place.holder, draw.pick(texts), value);
      else put(place, { [draw.pick(texts)]: value });
  }
}
