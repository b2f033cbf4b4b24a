/** What differs between two versions of an object, as field sets. */

import { deepEqual } from '../json.js';
import type { ListSchema, TypeSchema } from '../schema.js';
import { FieldSet } from './field-set.js';
import { fieldElement, type PathElement } from './path-element.js';
import {
  type Atom,
  asList,
  asObject,
  atomOf,
  fieldType,
  indexItems,
  type ObjectSchema,
  sizeOf,
} from './typed-value.js';

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** Linear in the size of both. Parts that are the same object are not looked into. */
export function compareTyped(schema: TypeSchema, before: unknown, after: unknown): Comparison {
  const walker = new CompareWalker();
  walker.visit(schema, before, after);
  return walker.result;
}

class CompareWalker {
  readonly result: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  private readonly path: PathElement[] = [];

  visit(schema: TypeSchema, before: unknown, after: unknown, byValue = false): void {
    if (before === after) return;
    if (before === undefined && after === undefined) return;
    const atom = atomOf(schema, after ?? before);
    if (schema.kind === 'any' && before != null) this.shape(atomOf(schema, before), atom, before, after);
    if (atom.kind === 'scalar') this.leaf(before, after);
    else if (atom.kind === 'list') this.lists(atom.schema, before, after, byValue);
    else this.objects(atom.schema, before, after, byValue);
  }

  /** Arbitrary JSON may change its shape: then the whole changed, besides what is in it, and what was in it is gone. */
  private shape(old: Atom, atom: Atom, before: unknown, after: unknown): void {
    if (old.kind === atom.kind) return;
    this.leaf(before, after);
    if (old.kind === 'object' && !old.schema.atomic && sizeOf(asObject(before)) > 0)
      this.objects(old.schema, before, undefined, true);
  }

  private leaf(before: unknown, after: unknown): void {
    if (before === undefined) this.result.added.insert(this.path);
    else if (after === undefined) this.result.removed.insert(this.path);
    else if (!deepEqual(before, after)) this.result.modified.insert(this.path);
  }

  /** That a map, an item or a struct behind a pointer came or went is a change of its own. */
  private container(before: unknown, after: unknown): void {
    if (before === undefined) this.result.added.insert(this.path);
    else if (after === undefined) this.result.removed.insert(this.path);
  }

  private lists(schema: ListSchema, before: unknown, after: unknown, byValue: boolean): void {
    const [left, right] = [asList(before), asList(after)];
    if (schema.listType === 'atomic' || (!left?.length && !right?.length)) {
      this.leaf(before, after);
      return;
    }
    const leftItems = indexItems(schema, left ?? []);
    const rightItems = indexItems(schema, right ?? []);
    for (const [element, items] of leftItems) this.items(schema, element, items, rightItems.get(element) ?? []);
    for (const [element, items] of rightItems) {
      if (!leftItems.has(element)) this.items(schema, element, [], items);
    }
    if (!byValue) this.container(before, after);
  }

  private items(schema: ListSchema, element: PathElement, before: readonly unknown[], after: readonly unknown[]): void {
    this.path.push(element);
    if (before.length <= 1 && after.length <= 1) {
      this.visit(schema.items, before[0], after[0]);
    } else if (!deepEqual(before, after)) {
      this.leaf(before.length === 0 ? undefined : before, after.length === 0 ? undefined : after);
    }
    this.path.pop();
  }

  private objects(schema: ObjectSchema, before: unknown, after: unknown, byValue: boolean): void {
    const [left, right] = [asObject(before), asObject(after)];
    if (schema.atomic || (sizeOf(left) === 0 && sizeOf(right) === 0)) {
      this.leaf(before, after);
      return;
    }
    for (const name of Object.keys(left ?? {})) this.field(schema, name, left, right);
    for (const name of Object.keys(right ?? {})) {
      if (!(left && Object.hasOwn(left, name))) this.field(schema, name, left, right);
    }
    if (!byValue) this.container(before, after);
  }

  private field(schema: ObjectSchema, name: string, before: Parent, after: Parent): void {
    const byValue = schema.kind === 'struct' && (schema.field(name)?.byValue ?? false);
    const type = fieldType(schema, name);
    const [left, right] = [fieldOf(before, name), fieldOf(after, name)];
    if (left === right) return;
    // A struct by value cannot be absent where its parent is there: in Go it is empty.
    const filled = byValue && type.kind === 'struct';
    this.path.push(fieldElement(name));
    this.visit(
      type,
      filled && before ? (left ?? emptyStruct) : left,
      filled && after ? (right ?? emptyStruct) : right,
      byValue,
    );
    this.path.pop();
  }
}

type Parent = Readonly<Record<string, unknown>> | undefined;

const emptyStruct = Object.freeze({});

const fieldOf = (parent: Parent, name: string): unknown =>
  parent && Object.hasOwn(parent, name) ? parent[name] : undefined;
