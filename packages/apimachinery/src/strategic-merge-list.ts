/** The lists of strategic merge patch: merged by key or as sets, and put in order. */

import { stringifyExact } from './exact-json.js';
import { goType, goValue } from './go-format.js';
import { getOwn, isObject, type JsonObject } from './json.js';
import { patchDoesNotApply, unclassified } from './patch-error.js';
import type { TypeSchema } from './schema.js';

export type MergeMaps = (original: JsonObject, patch: JsonObject, schema: TypeSchema) => JsonObject;

export interface MergeListOptions {
  /** '' for lists of scalars. */
  mergeKey: string;
  element: TypeSchema;
  mergeMaps: MergeMaps;
  /** Copies an item of the patch that is new. */
  adopt: (item: unknown) => unknown;
}

const directive = '$patch';

/** What an item is known by. Values of different types are different, even if their texts are the same. */
function identify(item: unknown, mergeKey: string): string {
  if (mergeKey === '') return `${typeof item}:${String(item)}`;
  if (!isObject(item)) throw unclassified(`expected a map[string]interface {}, but received a ${goType(item)}`);
  const key = getOwn(item, mergeKey);
  if (key === undefined) {
    throw unclassified(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`);
  }
  return `${typeof key}:${typeof key === 'object' ? stringifyExact(key) : String(key)}`;
}

/** Position of the first item with each identity; items without the key count for nothing. */
function positions(items: readonly unknown[], mergeKey: string): Map<string, number> {
  const found = new Map<string, number>();
  items.forEach((item, index) => {
    if (mergeKey !== '' && !(isObject(item) && Object.hasOwn(item, mergeKey))) return;
    const identity = identify(item, mergeKey);
    if (!found.has(identity)) found.set(identity, index);
  });
  return found;
}

/** The one Go type of all items. Throws 422 for lists in lists, 500 for a mixture. */
function checkElementTypes(lists: readonly (readonly unknown[])[]): 'map' | 'scalar' | undefined {
  let type: string | undefined;
  for (const item of lists.flat(1)) {
    if (Array.isArray(item)) throw patchDoesNotApply('lists of lists are not supported');
    const kind = isObject(item) ? 'map' : typeof item === 'bigint' ? 'number' : typeof item;
    type ??= kind;
    if (type !== kind) throw unclassified(`list element types are not identical: ${goValue(lists)}`);
  }
  if (type === undefined) return undefined;
  return type === 'map' ? 'map' : 'scalar';
}

/** `patch` over `original`; items of `original` may be changed. */
export function mergeLists(original: unknown[], patch: readonly unknown[], options: MergeListOptions): unknown[] {
  const { mergeKey } = options;
  const kind = checkElementTypes([original, patch]);
  if (kind === undefined) return original;
  if (kind === 'scalar') {
    return orderMerged([...new Set([...original, ...patch])], patch, original, '');
  }
  if (mergeKey === '') {
    throw unclassified(`cannot merge lists without merge key for type ${options.element.kind}`);
  }
  const { server, plain, replaced } = applyItemDirectives(original, patch as readonly JsonObject[], options);
  if (replaced) return plain.map(options.adopt);
  const merged = mergeItems(server, plain, options);
  return orderMerged(merged, plain, server, mergeKey);
}

interface AfterDirectives {
  server: unknown[];
  /** Items of the patch that carry no directive. */
  plain: JsonObject[];
  replaced: boolean;
}

function applyItemDirectives(
  original: unknown[],
  patch: readonly JsonObject[],
  { mergeKey }: MergeListOptions,
): AfterDirectives {
  const plain: JsonObject[] = [];
  const deleted = new Set<string>();
  let replaced = false;
  for (const item of patch) {
    const type = getOwn(item, directive);
    if (type === undefined) plain.push(item);
    else if (type === 'delete') deleted.add(identify(item, mergeKey));
    else if (type === 'replace') replaced = true;
    else if (type === 'merge') throw unclassified('merging lists cannot yet be specified in the patch');
    else throw unclassified(`unknown patch type: ${goValue(type)} in map: ${goValue(item)}`);
  }
  if (deleted.size === 0) return { server: original, plain, replaced };
  const server = original.filter(
    (item) => !(isObject(item) && Object.hasOwn(item, mergeKey) && deleted.has(identify(item, mergeKey))),
  );
  return { server, plain, replaced };
}

function mergeItems(server: readonly unknown[], patch: readonly JsonObject[], options: MergeListOptions): unknown[] {
  const merged = [...server];
  const known = positions(merged, options.mergeKey);
  for (const item of patch) {
    const identity = identify(item, options.mergeKey);
    const index = known.get(identity);
    if (index === undefined) {
      known.set(identity, merged.length);
      merged.push(options.adopt(item));
    } else merged[index] = options.mergeMaps(merged[index] as JsonObject, item, options.element);
  }
  return merged;
}

/**
 * Orders a merged list: what `patchOrder` names comes in that order, the rest in the order it has in `serverOrder`, and the two are
 * interleaved as they lay in `serverOrder`.
 */
export function orderMerged(
  merged: readonly unknown[],
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const inPatch = positions(patchOrder, mergeKey);
  const onServer = positions(serverOrder, mergeKey);
  const items = merged.map((item) => ({ item, identity: identify(item, mergeKey) }));
  type Item = (typeof items)[number];
  const by = (order: Map<string, number>) => (a: Item, b: Item) => {
    const [left, right] = [order.get(a.identity), order.get(b.identity)];
    return left === undefined || right === undefined ? 0 : left - right;
  };
  const named = items.filter(({ identity }) => inPatch.has(identity)).sort(by(inPatch));
  const rest = items.filter(({ identity }) => !inPatch.has(identity)).sort(by(onServer));
  const ordered: unknown[] = [];
  let next = 0;
  for (const { item, identity } of named) {
    const place = onServer.get(identity);
    // Only where both lay on the server is it known which came first.
    while (place !== undefined && next < rest.length && isBefore(onServer.get(rest[next]?.identity ?? ''), place)) {
      ordered.push(rest[next++]?.item);
    }
    ordered.push(item);
  }
  while (next < rest.length) ordered.push(rest[next++]?.item);
  return ordered;
}

const isBefore = (place: number | undefined, other: number): boolean => place !== undefined && place < other;

/** Every item that the patch sets must be in the order list, in the same sequence. Throws 500 as upstream. */
export function validateOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return;
  const set = patch.filter((item) => !isObject(item) || !Object.hasOwn(item, directive));
  let next = 0;
  for (const item of order) {
    if (next < set.length && identify(set[next], mergeKey) === identify(item, mergeKey)) next++;
  }
  if (next < set.length) {
    throw unclassified(
      `The order in patch list:\n${goValue(patch)}\n doesn't match $setElementOrder list:\n${goValue(order)}\n`,
    );
  }
}
