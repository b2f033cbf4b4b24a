/** What a schema of a CustomResourceDefinition must be: structural, and within what the server can hold to. Upstream's rules and texts. */
import { type FieldError, forbiddenField, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { deepClone, isObject } from '@kubelab/apimachinery/json';
import { applyDefaults } from './default.js';
import type { JsonSchema } from './json-schema.js';
import { compilePattern, PatternError } from './pattern.js';
import { pruneValue } from './prune.js';
import { structuralErrors } from './structural.js';
import { validateLists } from './validate-lists.js';
import { validateValue } from './validate-value.js';

const maxDepth = 200;

/** Every error of a version's schema, which stands at `path`. */
export function validateSchema(schema: JsonSchema, path: string): FieldError[] {
  if (depthExceeds(schema, maxDepth)) return [invalid(path, '', `must not be nested deeper than ${maxDepth} levels`)];
  const errors = [...rootErrors(schema, path), ...schemaErrors(schema, path, { root: true })];
  // What is malformed already cannot be judged further.
  if (errors.length > 0) return errors;
  errors.push(...structuralErrors(schema, path));
  return errors.length > 0 ? errors : defaultErrors(schema, path);
}

function rootErrors(schema: JsonSchema, path: string): FieldError[] {
  if (!schema.type) return [required(`${path}.type`, 'must not be empty at the root')];
  const errors: FieldError[] = [];
  if (schema.type !== 'object') errors.push(invalid(`${path}.type`, schema.type, 'must be object at the root'));
  if (schema.nullable) errors.push(forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root'));
  return errors;
}

/** Every schema directly below, with its path. */
export function childrenOf(schema: JsonSchema, path: string): [JsonSchema, string][] {
  const lists = (['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
    (schema[name] ?? []).map((child, index): [JsonSchema, string] => [child, `${path}.${name}[${index}]`]),
  );
  return [
    ...Object.entries(schema.properties ?? {}).map(([name, child]): [JsonSchema, string] => [
      child,
      `${path}.properties[${name}]`,
    ]),
    ...(isObject(schema.items) ? [[schema.items as JsonSchema, `${path}.items`] as [JsonSchema, string]] : []),
    ...(isObject(schema.additionalProperties)
      ? [[schema.additionalProperties as JsonSchema, `${path}.additionalProperties`] as [JsonSchema, string]]
      : []),
    ...lists,
    ...(schema.not ? [[schema.not, `${path}.not`] as [JsonSchema, string]] : []),
  ];
}

function depthExceeds(schema: JsonSchema, limit: number): boolean {
  return limit === 0 || childrenOf(schema, '').some(([child]) => isObject(child) && depthExceeds(child, limit - 1));
}

/** Fields of JSON schema that custom kinds cannot use. */
const unsupported: Readonly<Record<string, string>> = {
  $ref: '$ref is not supported',
  definitions: 'definitions is not supported',
  dependencies: 'dependencies is not supported',
  id: 'id is not supported',
  additionalItems: 'additionalItems is not supported',
  patternProperties: 'patternProperties is not supported',
};

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

function schemaErrors(schema: JsonSchema, path: string, { root }: { root: boolean }): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, why] of Object.entries(unsupported)) {
    if (Object.hasOwn(schema, field)) errors.push(forbiddenField(`${path}.${field}`, why));
  }
  if (schema.uniqueItems) {
    const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.push(forbiddenField(`${path}.uniqueItems`, why));
  }
  if (schema.additionalProperties !== undefined) {
    if (schema.additionalProperties === false) {
      errors.push(forbiddenField(`${path}.additionalProperties`, 'additionalProperties cannot be set to false'));
    } else if (schema.properties && Object.keys(schema.properties).length > 0) {
      const why = 'additionalProperties and properties are mutual exclusive';
      errors.push(forbiddenField(`${path}.additionalProperties`, why));
    }
  }
  if (Array.isArray(schema.items)) {
    errors.push(forbiddenField(`${path}.items`, 'items must be a schema object and not an array'));
  }
  if (schema.type && !types.includes(schema.type)) errors.push(notSupported(`${path}.type`, schema.type, types));
  if (schema['x-kubernetes-validations']?.length) {
    const why = 'validation rules (CEL) are not supported by this server yet';
    errors.push(forbiddenField(`${path}.x-kubernetes-validations`, why));
  }
  errors.push(...patternErrors(schema, path), ...extensionErrors(schema, path, { root }));
  for (const [child, at] of childrenOf(schema, path)) errors.push(...schemaErrors(child, at, { root: false }));
  return errors;
}

function patternErrors({ pattern }: JsonSchema, path: string): FieldError[] {
  if (!pattern) return [];
  try {
    compilePattern(pattern);
    return [];
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const why = `must be a valid regular expression, but isn't: ${error.message}`;
    return [invalid(`${path}.pattern`, pattern, why)];
  }
}

function extensionErrors(schema: JsonSchema, path: string, { root }: { root: boolean }): FieldError[] {
  const errors: FieldError[] = [];
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    const at = `${path}.x-kubernetes-preserve-unknown-fields`;
    errors.push(invalid(at, false, 'must be true or undefined'));
  }
  if (schema['x-kubernetes-map-type'] !== undefined) {
    if (schema.type !== 'object') {
      const why = 'must be object if x-kubernetes-map-type is specified';
      errors.push(schema.type ? invalid(`${path}.type`, schema.type, why) : required(`${path}.type`, why));
    }
    const type = schema['x-kubernetes-map-type'];
    if (!['atomic', 'granular'].includes(type)) {
      errors.push(notSupported(`${path}.x-kubernetes-map-type`, type, ['atomic', 'granular']));
    }
  }
  if (schema['x-kubernetes-embedded-resource']) {
    const at = `${path}.x-kubernetes-embedded-resource`;
    if (schema['x-kubernetes-int-or-string']) {
      errors.push(invalid(at, true, 'must not be true if x-kubernetes-int-or-string is true'));
    }
    if (!root && schema.type !== 'object') {
      const why = 'must be object if x-kubernetes-embedded-resource is true';
      errors.push(schema.type ? invalid(`${path}.type`, schema.type, why) : required(`${path}.type`, why));
    }
    if (!schema['x-kubernetes-preserve-unknown-fields'] && Object.keys(schema.properties ?? {}).length === 0) {
      const why =
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
      errors.push(required(`${path}.properties`, why));
    }
  }
  return [...errors, ...listTypeErrors(schema, path)];
}

function listTypeErrors(schema: JsonSchema, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const keysAt = `${path}.x-kubernetes-list-map-keys`;
  const errors: FieldError[] = [];
  if (type !== undefined) {
    if (schema.type !== 'array') {
      const why = 'must be array if x-kubernetes-list-type is specified';
      errors.push(schema.type ? invalid(`${path}.type`, schema.type, why) : required(`${path}.type`, why));
    }
    const known = ['atomic', 'set', 'map'];
    if (!known.includes(type)) errors.push(notSupported(`${path}.x-kubernetes-list-type`, type, known));
  }
  if (type !== 'map') {
    if (keys.length > 0 && type === undefined) {
      errors.push(required(`${path}.x-kubernetes-list-type`, 'must be map if x-kubernetes-list-map-keys is non-empty'));
    } else if (keys.length > 0) {
      const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
      errors.push(invalid(`${path}.x-kubernetes-list-type`, type, why));
    }
    if (type === 'set' && schema.items) errors.push(...setItemErrors(schema.items, `${path}.items`));
    return errors;
  }
  if (keys.length === 0) {
    errors.push(required(keysAt, 'must not be empty if x-kubernetes-list-type is map'));
  }
  if (!schema.items) {
    errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
    return errors;
  }
  if (schema.items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    errors.push(invalid(`${path}.items.type`, schema.items.type ?? '', why));
  }
  const seen = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (seen.has(key))
      errors.push({
        ...invalid(`${keysAt}[${index}]`, key, ''),
        type: 'FieldValueDuplicate',
        detail: `Duplicate value: ${JSON.stringify(key)}`,
      });
    seen.add(key);
    errors.push(...mapKeyErrors(schema.items, key, `${keysAt}[${index}]`, path));
  }
  return errors;
}

const scalars = ['boolean', 'integer', 'number', 'string'];

function mapKeyErrors(items: JsonSchema, key: string, keyPath: string, path: string): FieldError[] {
  const property = items.properties && Object.hasOwn(items.properties, key) ? items.properties[key] : undefined;
  if (!property) return [invalid(keyPath, key, 'entries must all be names of item properties')];
  const at = `${path}.items.properties[${key}]`;
  const errors: FieldError[] = [];
  if (!property['x-kubernetes-int-or-string'] && !scalars.includes(property.type ?? '')) {
    const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    errors.push(invalid(`${at}.type`, property.type ?? '', why));
  }
  if (property.nullable) {
    errors.push(forbiddenField(`${at}.nullable`, 'list map keys must be non-nullable'));
  }
  if (property.default === undefined && !items.required?.includes(key)) {
    const why = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
    errors.push(required(`${at}.default`, why));
  }
  return errors;
}

function setItemErrors(items: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (items.nullable) {
    const why = "cannot be nullable when x-kubernetes-list-type is 'set'";
    errors.push(forbiddenField(`${path}.nullable`, why));
  }
  if (items.type === 'array' && items['x-kubernetes-list-type'] !== 'atomic') {
    const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    errors.push(invalid(`${path}.x-kubernetes-list-type`, items['x-kubernetes-list-type'] ?? '', why));
  }
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    errors.push(invalid(`${path}.x-kubernetes-map-type`, items['x-kubernetes-map-type'] ?? '', why));
  }
  return errors;
}

/** Defaults must be what the schema that they stand in allows. */
function defaultErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.default !== undefined) {
    const at = `${path}.default`;
    const value = deepClone(schema.default);
    applyDefaults(value, schema);
    const unknown = pruneValue(value, schema);
    if (unknown.length > 0)
      errors.push(invalid(at, schema.default, `must not have unspecified fields: ${unknown.join(', ')}`));
    else errors.push(...validateValue(value, schema, at), ...validateLists(value, schema, at));
  }
  for (const [child, at] of childrenOf(schema, path)) errors.push(...defaultErrors(child, at));
  return errors;
}
