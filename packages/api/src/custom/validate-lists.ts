/** What list types demand beyond the schema's own rules: sets without duplicates, maps with unique keys. */
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { duplicate, type FieldError } from '@kubelab/apimachinery/field-error';
import { deepEqual, isObject } from '@kubelab/apimachinery/json';
import { type JsonSchema, propertyOf, valueSchemaOf } from './json-schema.js';

export function validateLists(value: unknown, schema: JsonSchema, path = ''): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return [
      ...ownErrors(value, schema, path),
      ...(items ? value.flatMap((item, index) => validateLists(item, items, `${path}[${index}]`)) : []),
    ];
  }
  if (!isObject(value)) return [];
  const values = valueSchemaOf(schema);
  return Object.entries(value).flatMap(([name, child]) => {
    const declared = propertyOf(schema, name);
    const known = declared ?? values;
    if (!known) return [];
    const at = declared ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`;
    return validateLists(child, known, at);
  });
}

function ownErrors(list: readonly unknown[], schema: JsonSchema, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return duplicatesOf(list, path);
  if (type !== 'map') return [];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const keysOf = (item: unknown): unknown => {
    if (!isObject(item)) return item;
    return Object.fromEntries(keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]));
  };
  return duplicatesOf(list.map(keysOf), path);
}

function duplicatesOf(list: readonly unknown[], path: string): FieldError[] {
  const seen = new Map<string, unknown[]>();
  const reported: unknown[] = [];
  const errors: FieldError[] = [];
  for (const [index, value] of list.entries()) {
    // Objects whose keys come in another order have another text and the same meaning: they share the bucket of their size.
    const bucket = isObject(value) ? `{${Object.keys(value).sort().join()}}${valueHash(value)}` : stringifyExact(value);
    const others = seen.get(bucket) ?? [];
    if (others.some((other) => deepEqual(other, value)) && !reported.some((other) => deepEqual(other, value))) {
      reported.push(value);
      errors.push(duplicate(`${path}[${index}]`, value));
    }
    others.push(value);
    seen.set(bucket, others);
  }
  return errors;
}

function valueHash(object: Record<string, unknown>): string {
  return Object.keys(object)
    .sort()
    .map((key) => {
      const value = object[key];
      return typeof value === 'object' && value !== null ? '' : stringifyExact(value);
    })
    .join();
}
