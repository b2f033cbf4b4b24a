/** Objects inside of objects (x-kubernetes-embedded-resource) need what every object needs. */
import { type FieldError, required } from '@kubelab/apimachinery/field-error';
import { isObject, type JsonObject } from '@kubelab/apimachinery/json';
import type { ObjectMeta } from '@kubelab/apimachinery/meta';
import { isDNS1035Label } from '@kubelab/apimachinery/names';
import { validateWith } from '../validation/fields.js';
import { pathSegmentName } from '../validation/names.js';
import { validateObjectMeta } from '../validation/object-meta.js';
import { type JsonSchema, propertyOf, valueSchemaOf } from './json-schema.js';

/** Every error of the objects that `value` holds at places where the schema says so. */
export function embeddedErrors(value: unknown, schema: JsonSchema, path = ''): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => childErrors(item, items, `${path}[${index}]`)) : [];
  }
  if (!isObject(value)) return [];
  const values = valueSchemaOf(schema);
  return Object.entries(value).flatMap(([name, child]) => {
    const known = propertyOf(schema, name) ?? values;
    return known ? childErrors(child, known, path === '' ? name : `${path}.${name}`) : [];
  });
}

function childErrors(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  const own = schema['x-kubernetes-embedded-resource'] && isObject(value) ? objectErrors(value, path) : [];
  return [...own, ...embeddedErrors(value, schema, path)];
}

function objectErrors(object: JsonObject, path: string): FieldError[] {
  const { apiVersion, kind, metadata } = object;
  const errors: FieldError[] = [];
  if (typeof apiVersion !== 'string' || apiVersion === '')
    errors.push(required(`${path}.apiVersion`, 'must not be empty'));
  if (typeof kind !== 'string' || kind === '') errors.push(required(`${path}.kind`, 'must not be empty'));
  else errors.push(...validateWith(isDNS1035Label, kind.toLowerCase(), `${path}.kind`));
  if (!isObject(metadata)) return errors;
  // Whether the embedded object needs a namespace or a name is not ours to say.
  const given = metadata as Partial<ObjectMeta>;
  const meta = { ...given, name: given.name || 'fake' };
  const rules = { namespaced: given.namespace !== undefined, name: pathSegmentName };
  return [...errors, ...validateObjectMeta(meta, rules, `${path}.metadata`)];
}
