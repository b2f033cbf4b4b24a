/** Removes the fields that a schema does not declare, as upstream's structural pruning. */
import { isObject, type JsonObject } from '@kubelab/apimachinery/json';
import { type JsonSchema, objectFields, propertyOf, valueSchemaOf } from './json-schema.js';

/** Prunes a whole object in place; its apiVersion, kind and metadata stay. Returns the paths of what was removed: `spec.a[0].b`. */
export function pruneObject(object: JsonObject, schema: JsonSchema): string[] {
  const removed: string[] = [];
  pruneFields(object, schema, '', true, removed);
  return removed;
}

/** Prunes a value that is no whole object, such as a default. */
export function pruneValue(value: unknown, schema: JsonSchema): string[] {
  const removed: string[] = [];
  prune(value, schema, '', removed);
  return removed;
}

function prune(value: unknown, schema: JsonSchema, path: string, removed: string[]): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return;
    for (const [index, item] of value.entries()) prune(item, items, `${path}[${index}]`, removed);
    return;
  }
  if (isObject(value)) pruneFields(value, schema, path, schema['x-kubernetes-embedded-resource'] === true, removed);
}

function pruneFields(
  object: JsonObject,
  schema: JsonSchema,
  path: string,
  isWholeObject: boolean,
  removed: string[],
): void {
  const values = valueSchemaOf(schema);
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true;
  for (const key of Object.keys(object)) {
    if (isWholeObject && objectFields.includes(key)) continue;
    const at = path === '' ? key : `${path}.${key}`;
    const known = propertyOf(schema, key) ?? values;
    if (known) prune(object[key], known, at, removed);
    else if (!keepsUnknown) {
      delete object[key];
      removed.push(at);
    }
  }
}
