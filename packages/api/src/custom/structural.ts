/** Structural schemas: every field has its type once, outside of allOf, anyOf, oneOf and not, which only narrow what is there. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { isObject } from '@kubelab/apimachinery/json';
import type { JsonSchema } from './json-schema.js';

type Place = 'root' | 'field' | 'item';

/** Every violation, with upstream's texts. */
export function structuralErrors(schema: JsonSchema, path: string): FieldError[] {
  return [...levelErrors(schema, path, 'root'), ...metadataErrors(schema, path)];
}

function levelErrors(schema: JsonSchema, path: string, place: Place): FieldError[] {
  const errors: FieldError[] = [];
  if (schema['x-kubernetes-int-or-string']) errors.push(...intOrStringErrors(schema, path));
  else if (!schema.type && !schema['x-kubernetes-preserve-unknown-fields']) {
    const where = { root: 'at the root', field: 'for specified object fields', item: 'for specified array items' };
    errors.push(required(`${path}.type`, `must not be empty ${where[place]}`));
  }
  if (schema.type === 'array' && !schema.items) errors.push(required(`${path}.items`, 'must be specified'));
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    errors.push(...levelErrors(child, `${path}.properties[${name}]`, 'field'));
  }
  if (schema.items) errors.push(...levelErrors(schema.items, `${path}.items`, 'item'));
  if (isObject(schema.additionalProperties)) {
    errors.push(...levelErrors(schema.additionalProperties, `${path}.additionalProperties`, 'field'));
  }
  return [...errors, ...combinationErrors(schema, schema, path)];
}

/** Types that int-or-string may repeat, and nothing else. */
function intOrStringErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.type) {
    errors.push(invalid(`${path}.type`, schema.type, 'must be empty if x-kubernetes-int-or-string is true'));
  }
  if (schema['x-kubernetes-preserve-unknown-fields']) {
    const at = `${path}.x-kubernetes-preserve-unknown-fields`;
    errors.push(invalid(at, true, 'must be false if x-kubernetes-int-or-string is true'));
  }
  return errors;
}

const isIntOrStringChoice = (branches: readonly JsonSchema[] | undefined): boolean =>
  branches?.length === 2 &&
  branches[0]?.type === 'integer' &&
  branches[1]?.type === 'string' &&
  branches.every((branch) => Object.keys(branch).length === 1);

/** The branches below `schema`, each compared with `level`: the part of the structure that they speak about. */
function combinationErrors(schema: JsonSchema, level: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    if (name === 'anyOf' && level['x-kubernetes-int-or-string'] && isIntOrStringChoice(schema.anyOf)) continue;
    for (const [index, branch] of (schema[name] ?? []).entries()) {
      const nested = name === 'allOf' && level['x-kubernetes-int-or-string'] && isIntOrStringChoice(branch.anyOf);
      const checked = nested ? { ...branch, anyOf: [] } : branch;
      errors.push(...branchErrors(checked, level, `${path}.${name}[${index}]`));
    }
  }
  if (schema.not) errors.push(...branchErrors(schema.not, level, `${path}.not`));
  return errors;
}

const forbiddenInBranches = [
  'description',
  'type',
  'default',
  'title',
  'nullable',
  'additionalProperties',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
] as const;

function branchErrors(branch: JsonSchema, level: JsonSchema | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of forbiddenInBranches) {
    const value = branch[field];
    if (value !== undefined && value !== '' && value !== false) {
      const why = field.startsWith('x-') ? 'must be undefined to be structural' : 'must be empty to be structural';
      errors.push(forbiddenField(`${path}.${field}`, field === 'default' ? 'must be undefined to be structural' : why));
    }
  }
  for (const [name, child] of Object.entries(branch.properties ?? {})) {
    const at = `${path}.properties[${name}]`;
    const declared =
      (level?.properties && Object.hasOwn(level.properties, name) ? level.properties[name] : undefined) ??
      (isObject(level?.additionalProperties) ? (level?.additionalProperties as JsonSchema) : undefined);
    if (!declared && level && !level['x-kubernetes-preserve-unknown-fields']) errors.push(undeclared(at));
    errors.push(...branchErrors(child, declared, at));
  }
  if (branch.items) {
    if (level && !level.items && !level['x-kubernetes-preserve-unknown-fields'])
      errors.push(undeclared(`${path}.items`));
    errors.push(...branchErrors(branch.items, level?.items, `${path}.items`));
  }
  return [...errors, ...combinationErrors(branch, level ?? {}, path)];
}

/** `spec.a[b]`: where the field that a branch speaks about should have been declared. */
function undeclared(path: string): FieldError {
  const declaration = path.replace(/\.(?:(?:allOf|anyOf|oneOf)\[\d+\]|not)/g, '');
  return required(declaration, `because it is defined in ${path}`);
}

const metadataFields = ['name', 'generateName'];

/** apiVersion, kind and metadata are the server's: a schema may only narrow names. */
function metadataErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { metadata, apiVersion, kind } = schema.properties ?? {};
  if (metadata) {
    const { type, properties = {}, description: _, required: __, ...rest } = metadata;
    const others = Object.keys(properties).filter((name) => !metadataFields.includes(name));
    if (others.length > 0 || Object.keys(rest).length > 0) {
      const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
      errors.push(forbiddenField(`${path}.properties[metadata]`, why));
    }
    if (type && type !== 'object') {
      errors.push(invalid(`${path}.properties[metadata].type`, type, 'must be object'));
    }
  }
  for (const [name, property] of Object.entries({ apiVersion, kind })) {
    if (property?.type && property.type !== 'string') {
      errors.push(invalid(`${path}.properties[${name}].type`, property.type, 'must be string'));
    }
  }
  return errors;
}
