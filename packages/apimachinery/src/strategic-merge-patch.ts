/** Strategic merge patch: a merge patch that knows the type, and directives ($patch, $retainKeys, ...) for what it cannot say. */

import { goValue } from './go-format.js';
import { deepClone, describeJson, getOwn, isObject, type JsonObject, setOwn } from './json.js';
import { unclassified } from './patch-error.js';
import { anyGranular, type FieldSchema, type PatchSchema, type PatchStrategy, type TypeSchema } from './schema.js';
import { badRequest } from './status-error.js';
import { type MergeMaps, mergeLists, orderMerged, validateOrder } from './strategic-merge-list.js';

const patchDirective = '$patch';
const retainKeysDirective = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList';
const orderPrefix = '$setElementOrder';
const badRetainKeys = 'invalid patch format of retainKeys';
const badPrimitiveList = 'invalid patch format of primitive list';
const badElementOrder = 'invalid patch format of setElementOrder list';

interface PatchTraits {
  type: TypeSchema;
  strategy: PatchStrategy | '';
  mergeKey: string;
}

const isDirective = (key: string): boolean =>
  key === patchDirective || key === retainKeysDirective || key.startsWith(deletePrefix) || key.startsWith(orderPrefix);

function traitsOf(field: FieldSchema): PatchTraits {
  const strategy = field.patchStrategies.find((name) => name !== 'retainKeys') ?? '';
  return { type: field.type, strategy, mergeKey: field.patchMergeKey ?? '' };
}

/** How field `name` of an object of type `schema` is patched. */
function lookUp(schema: TypeSchema, name: string): PatchTraits {
  if (schema.kind === 'map') return { type: schema.values, strategy: '', mergeKey: '' };
  if (schema.kind !== 'struct') return { type: anyGranular, strategy: '', mergeKey: '' };
  const field = schema.field(name);
  if (field) return traitsOf(field);
  if (schema.unknown) return { type: schema.unknown, strategy: '', mergeKey: '' };
  throw unclassified(`unable to find api field in struct ${schema.name} for the json field ${JSON.stringify(name)}`);
}

const elementOf = (list: TypeSchema): TypeSchema => (list.kind === 'list' ? list.items : anyGranular);

/** A copy of a value that is new in the object: directives have nothing to act on and nulls nothing to delete. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    const kept = value.filter((item) => !isObject(item) || !Object.hasOwn(item, patchDirective));
    return kept.map(withoutDirectives);
  }
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  if (value[patchDirective] === 'delete') return copy;
  for (const key of Object.keys(value)) {
    const field = value[key];
    if (!isDirective(key) && field !== null && field !== undefined) setOwn(copy, key, withoutDirectives(field));
  }
  return copy;
}

function nameAfter(prefix: string, key: string, failure: string): string {
  const slash = key.indexOf('/');
  if (slash < 0 || key.slice(0, slash) !== prefix) throw badRequest(failure);
  return key.slice(slash + 1);
}

function applyPatchDirective(directive: unknown, patch: JsonObject): JsonObject {
  if (directive === 'delete') return {};
  if (directive !== 'replace') {
    throw unclassified(`unknown patch type: ${goValue(directive)} in map: ${goValue(patch)}`);
  }
  // A replacement is taken literally, but for the directive itself.
  const { [patchDirective]: _, ...rest } = patch;
  return deepClone(rest);
}

/** Deletes from `original` what the list does not name. Everything the patch sets must be named. */
function applyRetainKeys(original: JsonObject, patch: JsonObject): void {
  const keys = getOwn(patch, retainKeysDirective);
  if (keys === undefined) return;
  if (!Array.isArray(keys)) throw badRequest(badRetainKeys);
  const retained = new Set<unknown>(keys);
  for (const key of Object.keys(patch)) {
    if (patch[key] !== null && !isDirective(key) && !retained.has(key)) throw badRequest(badRetainKeys);
  }
  for (const key of Object.keys(original)) if (!retained.has(key)) delete original[key];
}

function listOrUndefined(object: JsonObject, key: string): unknown[] | undefined {
  const value = getOwn(object, key);
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value;
  throw unclassified(`expected a []interface {}, but received a ${describeJson(value)}`);
}

/** Merges every list that has a $setElementOrder beside it. Returns the names of the lists that are done. */
function applyElementOrders(original: JsonObject, patch: JsonObject, schema: TypeSchema): Set<string> {
  const done = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    const order = patch[key];
    if (!Array.isArray(order)) throw badRequest(badElementOrder);
    const name = nameAfter(orderPrefix, key, badElementOrder);
    const existing = listOrUndefined(original, name);
    const patched = getOwn(patch, name) === null ? undefined : listOrUndefined(patch, name);
    const { type, strategy, mergeKey } = lookUp(schema, name);
    if (patched) validateOrder(patched, order, mergeKey);
    if ((!existing && !patched) || getOwn(patch, name) === null) continue;
    let merged = existing ?? (withoutDirectives(patched) as unknown[]);
    if (existing && patched) {
      merged =
        strategy === 'merge'
          ? mergeLists(existing, patched, { mergeKey, element: elementOf(type), mergeMaps, adopt: withoutDirectives })
          : (withoutDirectives(patched) as unknown[]);
    }
    setOwn(original, name, orderMerged(merged, order, existing ?? [], mergeKey));
    done.add(name);
  }
  return done;
}

function deleteFromPrimitiveList(original: JsonObject, key: string, toDelete: unknown): void {
  const name = nameAfter(deletePrefix, key, badPrimitiveList);
  if (!Array.isArray(toDelete)) throw badRequest(badPrimitiveList);
  const existing = getOwn(original, name);
  if (!Array.isArray(existing)) return;
  const deleted = new Set<unknown>(toDelete);
  setOwn(
    original,
    name,
    existing.filter((item) => !deleted.has(item)),
  );
}

function mergeField(original: JsonObject, key: string, value: unknown, schema: TypeSchema): void {
  const existing = getOwn(original, key);
  const sameShape = (isObject(existing) && isObject(value)) || (Array.isArray(existing) && Array.isArray(value));
  if (!sameShape) {
    setOwn(original, key, withoutDirectives(value));
    return;
  }
  const { type, strategy, mergeKey } = lookUp(schema, key);
  if (isObject(existing) && isObject(value)) {
    setOwn(original, key, strategy === 'replace' ? deepClone(value) : mergeMaps(existing, value, type));
  } else if (Array.isArray(existing) && Array.isArray(value)) {
    const options = { mergeKey, element: elementOf(type), mergeMaps, adopt: withoutDirectives };
    setOwn(original, key, strategy === 'merge' ? mergeLists(existing, value, options) : withoutDirectives(value));
  }
}

/** Changes `original`, which must not be shared; returns what takes its place. */
const mergeMaps: MergeMaps = (original, patch, schema) => {
  if (Object.hasOwn(patch, patchDirective)) return applyPatchDirective(patch[patchDirective], patch);
  applyRetainKeys(original, patch);
  const done = applyElementOrders(original, patch, schema);
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (key.startsWith(deletePrefix)) deleteFromPrimitiveList(original, key, value);
    else if (value === null || value === undefined) delete original[key];
    else if (!isDirective(key) && !done.has(key)) mergeField(original, key, value, schema);
  }
  return original;
};

/**
 * The patched copy of `original`; all arguments stay as they are. Throws StatusError with upstream's messages: 400 for malformed
 * directives, 422 for lists of lists, 500 without a reason (as upstream) for missing merge keys and the like.
 */
export function strategicMergePatch(original: JsonObject, patch: unknown, schema: PatchSchema): JsonObject {
  if (!isObject(patch)) {
    throw badRequest(`json: cannot unmarshal ${describeJson(patch)} into Go value of type map[string]interface {}`);
  }
  return mergeMaps(deepClone(original), patch, schema);
}
