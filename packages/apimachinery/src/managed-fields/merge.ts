/** Lays an applied configuration over a live object. Nothing is removed; what both have is the applied value. */

import { type JsonObject, setOwn } from '../json.js';
import type { ListSchema, TypeSchema } from '../schema.js';
import type { PathElement } from './path-element.js';
import {
  asList,
  asObject,
  atomOf,
  fieldType,
  indexItems,
  type ObjectSchema,
  sizeOf,
  tryItemElement,
} from './typed-value.js';

/**
 * The merged value. It shares unchanged parts with `live` and `applied` and must not be changed. Undefined means absent, on both sides
 * and in the result.
 */
export function mergeTyped(schema: TypeSchema, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  if (live === undefined) return applied;
  const atom = atomOf(schema, applied ?? live);
  if (atom.kind === 'list') return mergeLists(atom.schema, live, applied);
  return atom.kind === 'object' ? mergeObjects(atom.schema, live, applied) : applied;
}

function mergeObjects(schema: ObjectSchema, live: unknown, applied: unknown): unknown {
  const [left, right] = [asObject(live), asObject(applied)];
  // Two empty values are a leaf: whether it is {} or null is the applier's choice.
  if (schema.atomic || (sizeOf(left) === 0 && sizeOf(right) === 0)) return applied;
  if (!right) return live;
  const merged: JsonObject = {};
  if (left) {
    for (const name of Object.keys(left)) {
      const other = Object.hasOwn(right, name) ? right[name] : undefined;
      const value = mergeTyped(fieldType(schema, name), left[name], other);
      if (value !== undefined) setOwn(merged, name, value);
    }
  }
  for (const name of Object.keys(right)) {
    if (!(left && Object.hasOwn(left, name)) && right[name] !== undefined) setOwn(merged, name, right[name]);
  }
  return merged;
}

function mergeLists(schema: ListSchema, live: unknown, applied: unknown): unknown {
  const [left, right] = [asList(live), asList(applied)];
  if (schema.listType === 'atomic' || (!left?.length && !right?.length)) return applied;
  if (!right) return live;
  return left ? new ListMerger(schema, left, right).merge() : applied;
}

/**
 * Interleaves two keyed lists. Shared items come in the applied order; live items stay where they are relative to them. (The rule is
 * upstream's, so that applying twice gives the same order.)
 */
class ListMerger {
  private readonly merged: unknown[] = [];
  private readonly liveByKey: Map<PathElement, unknown[]>;
  private readonly appliedByKey: Map<PathElement, unknown[]>;
  private readonly liveOrder: (PathElement | undefined)[];
  private readonly appliedOrder: PathElement[];
  /** Items that both have, in applied order; the first is the one to be met next. */
  private readonly shared: PathElement[];
  private nextShared = 0;
  private readonly done = new Set<PathElement>();

  constructor(
    private readonly schema: ListSchema,
    private readonly live: readonly unknown[],
    applied: readonly unknown[],
  ) {
    this.liveByKey = indexItems(schema, live);
    this.appliedByKey = indexItems(schema, applied);
    this.liveOrder = live.map((item, index) => tryItemElement(schema, item, index));
    this.appliedOrder = [...this.appliedByKey.keys()];
    this.shared = this.appliedOrder.filter((element) => this.liveByKey.has(element));
  }

  merge(): unknown[] {
    let right = 0;
    for (let left = 0; left < this.live.length; ) {
      const element = this.liveOrder[left];
      if (element === undefined || !this.appliedByKey.has(element)) {
        this.merged.push(this.live[left]);
        left++;
      } else if (this.done.has(element) || this.isWaiting(element, right)) left++;
      else this.take(right++);
    }
    while (right < this.appliedOrder.length) this.take(right++);
    return this.merged;
  }

  /** A shared item that comes later in the applied order: it is taken when its turn comes. */
  private isWaiting(element: PathElement, right: number): boolean {
    return right < this.appliedOrder.length && this.shared[this.nextShared] !== element;
  }

  private take(right: number): void {
    const element = this.appliedOrder[right] ?? '';
    const items = this.liveByKey.get(element);
    // Duplicates in the live list cannot be merged with one applied item: it replaces them.
    const live = items?.length === 1 ? items[0] : undefined;
    this.merged.push(mergeTyped(this.schema.items, live, this.appliedByKey.get(element)?.[0]));
    this.done.add(element);
    if (this.shared[this.nextShared] === element) this.nextShared++;
  }
}
