/** RFC 7386 JSON merge patch. */

import { deepClone, describeJson, getOwn, isObject, type JsonObject, setOwn } from './json.js';
import { badRequest } from './status-error.js';

/** The patch's object without its nulls, as it would be merged into nothing. */
function withoutNulls(patch: JsonObject): JsonObject {
  return mergeFields({}, patch);
}

/** Changes `target`, which must not be shared. */
function mergeFields(target: JsonObject, patch: JsonObject): JsonObject {
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null || value === undefined) {
      delete target[key];
      continue;
    }
    if (!isObject(value)) setOwn(target, key, deepClone(value));
    else {
      const existing = getOwn(target, key);
      setOwn(target, key, isObject(existing) ? mergeFields(existing, value) : withoutNulls(value));
    }
  }
  return target;
}

/** The patched copy of `document`; both arguments stay as they are. Throws StatusError 400 if the patch is no object. */
export function applyMergePatch(document: JsonObject, patch: unknown): JsonObject {
  if (!isObject(patch)) {
    const got = describeJson(patch);
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${got} into Go value of type map[string]interface {}`,
    );
  }
  return mergeFields(deepClone(document), patch);
}
