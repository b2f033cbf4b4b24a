/** Sets of field paths: what a manager owns. */

import { compareElements, type FieldPath, type PathElement, parsePathElement } from './path-element.js';

/**
 * A set of paths as a tree. Operations return new sets that share subtrees with their arguments, so a set must not change any more
 * once it was an argument or a result; only the code that builds one inserts.
 */
export class FieldSet {
  /** Whether the path that leads here belongs to the set. The root has none. */
  private member = false;
  private children: Map<PathElement, FieldSet> | undefined;

  static of(...paths: readonly FieldPath[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** A subtree that is nothing but the path that leads to it. */
  static leaf(): FieldSet {
    const set = new FieldSet();
    set.member = true;
    return set;
  }

  /** Reads FieldsV1. Throws Error for what is not one. */
  static parse(fields: unknown): FieldSet {
    const set = new FieldSet();
    if (fields !== undefined && fields !== null) readFields(set, fields);
    return set;
  }

  insert(path: FieldPath): void {
    let node: FieldSet = this;
    for (const element of path) node = node.descend(element);
    if (path.length > 0) node.member = true;
  }

  /** The subtree below `element`, made if it is not there: for building. */
  descend(element: PathElement): FieldSet {
    this.children ??= new Map();
    let child = this.children.get(element);
    if (!child) {
      child = new FieldSet();
      this.children.set(element, child);
    }
    return child;
  }

  /** Makes the path that leads to this subtree a member: for building. */
  mark(): void {
    this.member = true;
  }

  /** What lies below `element`, with paths relative to it. */
  below(element: PathElement): FieldSet | undefined {
    const child = this.children?.get(element);
    return child?.children ? child : undefined;
  }

  get isMember(): boolean {
    return this.member;
  }

  get hasChildren(): boolean {
    return (this.children?.size ?? 0) > 0;
  }

  child(element: PathElement): FieldSet | undefined {
    return this.children?.get(element);
  }

  /** This set with its children replaced; itself when `map` gives every child back as it is. */
  mapChildren(map: (element: PathElement, child: FieldSet) => FieldSet): FieldSet {
    let result: FieldSet | undefined;
    for (const [element, child] of this.children ?? []) {
      const mapped = map(element, child);
      if (mapped === child) continue;
      if (!result) {
        result = new FieldSet();
        result.member = this.member;
        result.children = new Map(this.children);
      }
      result.children?.set(element, mapped);
    }
    return result ?? this;
  }

  /** Whether the path of just `element` is a member. */
  hasElement(element: PathElement): boolean {
    return this.children?.get(element)?.member ?? false;
  }

  has(path: FieldPath): boolean {
    let node: FieldSet | undefined = this;
    for (const element of path) node = node?.children?.get(element);
    return path.length > 0 && (node?.member ?? false);
  }

  isEmpty(): boolean {
    if (this.children) for (const child of this.children.values()) if (child.member || !child.isEmpty()) return false;
    return true;
  }

  /** Number of members. */
  get size(): number {
    let count = 0;
    if (this.children) for (const child of this.children.values()) count += (child.member ? 1 : 0) + child.size;
    return count;
  }

  union(other: FieldSet): FieldSet {
    if (!other.children && !other.member) return this;
    if (!this.children && !this.member) return other;
    const result = new FieldSet();
    result.member = this.member || other.member;
    result.children = new Map(this.children);
    for (const [element, child] of other.children ?? []) {
      const mine = result.children.get(element);
      result.children.set(element, mine ? mine.union(child) : child);
    }
    return result;
  }

  intersection(other: FieldSet): FieldSet {
    return this.filter(other, (mine, theirs) => mine && theirs, 'drop');
  }

  /** Members of this set that are no members of `other`; what lies below a member of `other` stays. */
  difference(other: FieldSet): FieldSet {
    return this.filter(other, (mine, theirs) => mine && !theirs, 'keep');
  }

  private filter(
    other: FieldSet,
    keeps: (mine: boolean, theirs: boolean) => boolean,
    unmatched: 'keep' | 'drop',
  ): FieldSet {
    const result = new FieldSet();
    result.member = keeps(this.member, other.member);
    for (const [element, child] of this.children ?? []) {
      const theirs = other.children?.get(element);
      const kept = theirs ? child.filter(theirs, keeps, unmatched) : unmatched === 'keep' ? child : undefined;
      if (kept && (kept.member || kept.children)) result.adopt(element, kept);
    }
    return result;
  }

  /** This set without the members of `other` and everything below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.member = this.member;
    for (const [element, child] of this.children ?? []) {
      const theirs = other.children?.get(element);
      if (theirs?.member) continue;
      const kept = theirs ? child.recursiveDifference(theirs) : child;
      if (kept.member || kept.children) result.adopt(element, kept);
    }
    return result;
  }

  private adopt(element: PathElement, child: FieldSet): void {
    this.children ??= new Map();
    this.children.set(element, child);
  }

  /** A copy in which `visit` may mark further nodes: called for every node below the root that has children. */
  withMarks(
    visit: (parent: unknown, element: PathElement) => { mark: boolean; context: unknown },
    context: unknown,
  ): FieldSet {
    const result = new FieldSet();
    result.member = this.member;
    for (const [element, child] of this.children ?? []) {
      if (!child.children) {
        result.adopt(element, child);
        continue;
      }
      const { mark, context: below } = visit(context, element);
      const copy = child.withMarks(visit, below);
      copy.member ||= mark;
      result.adopt(element, copy);
    }
    return result;
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty() && other.difference(this).isEmpty();
  }

  /** Every member, in order: at each level first the members, then what lies below. */
  paths(): FieldPath[] {
    const found: FieldPath[] = [];
    this.collect([], found);
    return found;
  }

  private collect(prefix: FieldPath, found: FieldPath[]): void {
    const sorted = this.sorted();
    for (const [element, child] of sorted) if (child.member) found.push([...prefix, element]);
    for (const [element, child] of sorted) if (child.children) child.collect([...prefix, element], found);
  }

  private sorted(): [PathElement, FieldSet][] {
    const entries = [...(this.children ?? [])];
    return entries.length < 2 ? entries : entries.sort(([a], [b]) => compareElements(a, b));
  }

  /** FieldsV1 in canonical order. */
  toFieldsV1(): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const [element, child] of this.sorted()) {
      const below = child.toFieldsV1();
      const isLeaf = Object.keys(below).length === 0;
      if (isLeaf && !child.member) continue;
      // Every key has a prefix, so none can be `__proto__`.
      fields[element] = child.member && !isLeaf ? { '.': {}, ...below } : below;
    }
    return fields;
  }
}

function readFields(set: FieldSet, fields: unknown): void {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new Error('FieldsV1 must be an object');
  }
  for (const [text, below] of Object.entries(fields)) {
    if (text === '.') {
      set.mark();
      continue;
    }
    const child = set.descend(parsePathElement(text));
    readFields(child, below);
    if (Object.keys(below as object).length === 0) child.mark();
  }
}
