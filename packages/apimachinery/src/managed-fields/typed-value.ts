/** How a value is taken apart by its schema: shared by the walkers of server-side apply. */

import { getOwn, isObject, type JsonObject } from '../json.js';
import {
  anyAtomic,
  anyGranular,
  type ListSchema,
  type MapSchema,
  type StructSchema,
  type TypeSchema,
} from '../schema.js';
import { indexElement, keyElement, type PathElement, valueElement } from './path-element.js';

export type ObjectSchema = StructSchema | MapSchema;

/** What `schema` is for this value: arbitrary JSON is what it looks like. */
export type Atom = { kind: 'scalar' } | { kind: 'object'; schema: ObjectSchema } | { kind: 'list'; schema: ListSchema };

const untypedMap: MapSchema = { kind: 'map', atomic: false, values: anyGranular };
const untypedAtomicMap: MapSchema = { kind: 'map', atomic: true, values: anyAtomic };
const untypedList: ListSchema = { kind: 'list', listType: 'atomic', keys: [], items: anyAtomic };
const scalarAtom: Atom = { kind: 'scalar' };

export function atomOf(schema: TypeSchema, value: unknown): Atom {
  if (schema.kind === 'scalar') return scalarAtom;
  if (schema.kind === 'list') return { kind: 'list', schema };
  if (schema.kind !== 'any') return { kind: 'object', schema };
  if (Array.isArray(value)) return { kind: 'list', schema: untypedList };
  if (isObject(value)) return { kind: 'object', schema: schema.atomic ? untypedAtomicMap : untypedMap };
  return scalarAtom;
}

/** The type of field `name`; arbitrary JSON where the schema does not know it (validation has refused what may not be). */
export function fieldType(schema: ObjectSchema, name: string): TypeSchema {
  if (schema.kind === 'map') return schema.values;
  return schema.field(name)?.type ?? schema.unknown ?? anyAtomic;
}

/** Whether `name` is a declared field: such a field is owned through what is in it, not by itself. */
export function isDeclared(schema: ObjectSchema, name: string): boolean {
  return schema.kind === 'struct' && schema.field(name) !== undefined;
}

export const isEmptyObject = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;

/** A list item that cannot be told apart from the others; the message is upstream's. */
export class ItemIdentityError extends Error {}

function keyDefault(list: ListSchema, key: string): unknown {
  return list.items.kind === 'struct' ? list.items.field(key)?.default : undefined;
}

function keyedElement(list: ListSchema, item: unknown): PathElement {
  if (item === null) throw new ItemIdentityError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new ItemIdentityError('associative list with keys may not have non-map elements');
  const keys = list.keys.map((name): [string, unknown] => {
    const value = getOwn(item, name) ?? keyDefault(list, name);
    if (value !== undefined) return [name, value];
    const what = `associative list with keys has an element that omits key field ${JSON.stringify(name)}`;
    throw new ItemIdentityError(`${what} (and doesn't have default value)`);
  });
  return keyElement(keys.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function setElement(item: unknown): PathElement {
  if (isObject(item)) throw new ItemIdentityError("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new ItemIdentityError('not supported: associative list with lists as elements');
  if (item === null) {
    throw new ItemIdentityError("associative list without keys has an element that's an explicit null");
  }
  return valueElement(item);
}

/** Throws {@link ItemIdentityError}. */
export function itemElement(list: ListSchema, item: unknown, index: number): PathElement {
  if (list.listType === 'map') return keyedElement(list, item);
  return list.listType === 'set' ? setElement(item) : indexElement(index);
}

/** Items by identity, in order of first appearance; several under one are duplicates. Unidentifiable items are left out. */
export function indexItems(list: ListSchema, items: readonly unknown[]): Map<PathElement, unknown[]> {
  const found = new Map<PathElement, unknown[]>();
  items.forEach((item, index) => {
    const element = tryItemElement(list, item, index);
    if (element === undefined) return;
    const same = found.get(element);
    if (same) same.push(item);
    else found.set(element, [item]);
  });
  return found;
}

/** As {@link itemElement}, undefined where that throws: for stored objects, which may be older than the schema. */
export function tryItemElement(list: ListSchema, item: unknown, index: number): PathElement | undefined {
  try {
    return itemElement(list, item, index);
  } catch (cause) {
    if (cause instanceof ItemIdentityError) return undefined;
    throw cause;
  }
}

export const asObject = (value: unknown): JsonObject | undefined => (isObject(value) ? value : undefined);
export const asList = (value: unknown): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined);
export const sizeOf = (value: JsonObject | undefined): number => (value ? Object.keys(value).length : 0);
