/** Fills in the defaults of a schema, as upstream's structural defaulting. */
import { deepClone, isObject, setOwn } from '@kubelab/apimachinery/json';
import { type JsonSchema, objectFields, propertyOf, valueSchemaOf } from './json-schema.js';

/** In place. A null where none may be counts as absent: it becomes the default, or goes. True when something changed. */
export function applyDefaults(object: unknown, schema: JsonSchema): boolean {
  return fill(object, schema, true);
}

function fill(value: unknown, schema: JsonSchema, isWholeObject: boolean): boolean {
  if (Array.isArray(value)) return fillItems(value, schema.items);
  if (!isObject(value)) return false;
  let changed = false;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (isWholeObject && objectFields.includes(name)) continue;
    const current = Object.hasOwn(value, name) ? value[name] : undefined;
    const absent = current === undefined || (current === null && property.nullable !== true);
    if (!absent) continue;
    if (property.default !== undefined) setOwn(value, name, deepClone(property.default));
    else if (current === null) delete value[name];
    else continue;
    changed = true;
  }
  const values = valueSchemaOf(schema);
  for (const name of Object.keys(value)) {
    if (isWholeObject && objectFields.includes(name)) continue;
    const known = propertyOf(schema, name) ?? values;
    if (!known) continue;
    if (value[name] === null && known.nullable !== true && known.default !== undefined) {
      setOwn(value, name, deepClone(known.default));
      changed = true;
    }
    if (fill(value[name], known, known['x-kubernetes-embedded-resource'] === true)) changed = true;
  }
  return changed;
}

function fillItems(list: unknown[], items: JsonSchema | undefined): boolean {
  if (!items) return false;
  let changed = false;
  for (const [index, item] of list.entries()) {
    if (item === null && items.nullable !== true && items.default !== undefined) {
      list[index] = deepClone(items.default);
      changed = true;
    }
    if (fill(list[index], items, items['x-kubernetes-embedded-resource'] === true)) changed = true;
  }
  return changed;
}
