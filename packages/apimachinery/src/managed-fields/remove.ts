/** Takes fields and list items out of a value. */

import { type JsonObject, setOwn } from '../json.js';
import type { ListSchema, TypeSchema } from '../schema.js';
import type { FieldSet } from './field-set.js';
import { fieldElement } from './path-element.js';
import { asList, asObject, atomOf, fieldType, type ObjectSchema, tryItemElement } from './typed-value.js';

/**
 * `value` without the members of `set`. Parts that stay whole are shared. An object that is emptied stays, for it is owned or it would be
 * in the set (so `emptyDir: {}` survives the removal of its fields); a list that is emptied becomes undefined.
 */
export function removeItems(schema: TypeSchema, value: unknown, set: FieldSet): unknown {
  const atom = atomOf(schema, value);
  if (atom.kind === 'list' && atom.schema.listType !== 'atomic') return removeFromList(atom.schema, value, set);
  if (atom.kind === 'object' && !atom.schema.atomic) return removeFromObject(atom.schema, value, set);
  return value;
}

function removeFromList(schema: ListSchema, value: unknown, set: FieldSet): unknown {
  const list = asList(value);
  if (!list?.length) return value;
  const kept: unknown[] = [];
  list.forEach((item, index) => {
    const element = tryItemElement(schema, item, index);
    if (element !== undefined && set.hasElement(element)) return;
    const below = element === undefined ? undefined : set.below(element);
    const left = below ? removeItems(schema.items, item, below) : item;
    if (left !== undefined) kept.push(left);
  });
  return kept.length > 0 ? kept : undefined;
}

function removeFromObject(schema: ObjectSchema, value: unknown, set: FieldSet): unknown {
  const object = asObject(value);
  if (!object || Object.keys(object).length === 0) return value;
  const kept: JsonObject = {};
  for (const name of Object.keys(object)) {
    const element = fieldElement(name);
    if (set.hasElement(element)) continue;
    const below = set.below(element);
    const left = below ? removeItems(fieldType(schema, name), object[name], below) : object[name];
    if (left !== undefined) setOwn(kept, name, left);
  }
  return kept;
}
