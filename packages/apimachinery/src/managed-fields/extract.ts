/** The field set of an applied configuration: every leaf and every item it mentions. */

import type { ListSchema, TypeSchema } from '../schema.js';
import { FieldSet } from './field-set.js';
import { fieldElement } from './path-element.js';
import { atomOf, fieldType, indexItems, isDeclared, isEmptyObject, type ObjectSchema } from './typed-value.js';

/** Linear in the size of `value`. Fields that are undefined are not there; those that are null are. */
export function fieldSetOf(schema: TypeSchema, value: unknown): FieldSet {
  const set = new FieldSet();
  visit(schema, value, set);
  return set;
}

/** `set` is the subtree of the path that leads to `value`. */
function visit(schema: TypeSchema, value: unknown, set: FieldSet): void {
  const atom = atomOf(schema, value);
  if (atom.kind === 'scalar') set.mark();
  else if (atom.kind === 'list') visitList(atom.schema, value, set);
  else visitObject(atom.schema, value, set);
}

function visitList(schema: ListSchema, value: unknown, set: FieldSet): void {
  if (schema.listType === 'atomic') {
    set.mark();
    return;
  }
  if (!Array.isArray(value)) return;
  for (const [element, items] of indexItems(schema, value)) {
    const below = set.descend(element);
    below.mark();
    // Duplicates cannot be told apart: only that the item is there is owned.
    if (items.length === 1) visit(schema.items, items[0], below);
  }
}

function visitObject(schema: ObjectSchema, value: unknown, set: FieldSet): void {
  if (schema.atomic) {
    set.mark();
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    const below = set.descend(fieldElement(name));
    visit(fieldType(schema, name), field, below);
    if (field === null || isEmptyObject(field) || !isDeclared(schema, name)) below.mark();
  }
}

/**
 * Adds the declared fields that lie on the way to members: a set of `.spec.template.labels` then has `.spec` and `.spec.template`, too.
 */
export function withDeclaredFields(set: FieldSet, schema: TypeSchema): FieldSet {
  return set.withMarks((parent, element) => {
    const type = parent as TypeSchema | undefined;
    if (element.startsWith('f:')) {
      const name = element.slice(2);
      if (type?.kind === 'struct') return { mark: type.field(name) !== undefined, context: fieldType(type, name) };
      return { mark: false, context: type?.kind === 'map' ? type.values : type };
    }
    return { mark: false, context: type?.kind === 'list' ? type.items : type };
  }, schema);
}
