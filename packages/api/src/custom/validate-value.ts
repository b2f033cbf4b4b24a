/** Validates values against the schemas of custom kinds, with the texts of upstream's validator. */
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import {
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '@kubelab/apimachinery/field-error';
import { deepEqual, isObject, type JsonObject } from '@kubelab/apimachinery/json';
import { hasFormat } from './formats.js';
import { type JsonSchema, objectFields, propertyOf, valueSchemaOf } from './json-schema.js';
import { PatternWork } from './pattern.js';

/** A value and what it was before an update: errors in what has not changed are not the update's. */
interface Subject {
  value: unknown;
  old: unknown;
  path: string;
  work: PatternWork;
}

/** Every error of a whole object; `old` is what an update replaces. Its apiVersion, kind and metadata are not looked at. */
export function validateObjectValue(object: JsonObject, schema: JsonSchema, old?: JsonObject): FieldError[] {
  return check({ value: object, old, path: '', work: new PatternWork() }, schema, true);
}

/** Every error of a value that stands at `path`. */
export function validateValue(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  return check({ value, old: undefined, path, work: new PatternWork() }, schema, false);
}

function check(subject: Subject, schema: JsonSchema, isWholeObject = false): FieldError[] {
  const { value, old, path } = subject;
  if (old !== undefined && deepEqual(value, old)) return [];
  if (value === null && schema.nullable === true) return [];
  const wrongType = typeError(value, schema, path);
  if (wrongType) return [wrongType];
  return [
    ...(schema.enum && !schema.enum.some((allowed) => deepEqual(allowed, value))
      ? [notSupported(path, value, schema.enum.map(enumText))]
      : []),
    ...(typeof value === 'number' || typeof value === 'bigint' ? numberErrors(value, schema, path) : []),
    ...(typeof value === 'string' ? stringErrors(value, subject, schema) : []),
    ...(Array.isArray(value) ? listErrors(value, subject, schema) : []),
    ...(isObject(value) ? objectErrors(value, subject, schema, isWholeObject) : []),
    ...combinationErrors(subject, schema),
  ];
}

const enumText = (allowed: unknown): string => (typeof allowed === 'string' ? allowed : stringifyExact(allowed));

function nameOfType(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function typeError(value: unknown, schema: JsonSchema, path: string): FieldError | undefined {
  const wanted = schema['x-kubernetes-int-or-string'] === true ? 'integer,string' : schema.type;
  if (!wanted) return undefined;
  const found = nameOfType(value);
  if (wanted.split(',').includes(found) || (wanted === 'number' && found === 'integer')) return undefined;
  return typeInvalid(path, found, `${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`);
}

function numberErrors(value: number | bigint, schema: JsonSchema, path: string): FieldError[] {
  const { exclusiveMaximum, exclusiveMinimum } = schema;
  const maximum = bound(schema.maximum);
  const minimum = bound(schema.minimum);
  const multipleOf = bound(schema.multipleOf);
  const errors: FieldError[] = [];
  const refuse = (text: string): void => void errors.push(invalid(path, value, `${path} in body should be ${text}`));
  if (multipleOf !== undefined && multipleOf > 0 && !isMultiple(value, multipleOf)) {
    refuse(`a multiple of ${multipleOf}`);
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    refuse(exclusiveMaximum ? `less than ${maximum}` : `less than or equal to ${maximum}`);
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    refuse(exclusiveMinimum ? `greater than ${minimum}` : `greater than or equal to ${minimum}`);
  }
  return errors;
}

/** Bounds are float64; as text a large one may look like an integer that is kept exactly. */
const bound = (value: number | undefined): number | undefined => (value === undefined ? undefined : Number(value));

function isMultiple(value: number | bigint, of: number): boolean {
  if (typeof value === 'bigint' && Number.isInteger(of)) return value % BigInt(of) === 0n;
  return Number.isInteger(Number(value) / of);
}

function stringErrors(value: string, { path, work }: Subject, schema: JsonSchema): FieldError[] {
  const { maxLength, minLength, pattern, format } = schema;
  const errors: FieldError[] = [];
  if (maxLength !== undefined || minLength !== undefined) {
    const length = [...value].length;
    if (maxLength !== undefined && length > maxLength) errors.push(tooLong(path, maxLength));
    if (minLength !== undefined && length < minLength) {
      errors.push(invalid(path, value, `${path} in body should be at least ${minLength} chars long`));
    }
  }
  const matches = pattern ? work.matches(pattern, value) : true;
  if (!matches) {
    const why = matches === undefined ? 'is too long to be matched against' : 'should match';
    errors.push(invalid(path, value, `${path} in body ${why} '${pattern}'`));
  }
  if (format && !hasFormat(format, value)) {
    errors.push(typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`));
  }
  return errors;
}

function listErrors(list: readonly unknown[], { old, path, work }: Subject, schema: JsonSchema): FieldError[] {
  const { maxItems, minItems, items } = schema;
  const errors: FieldError[] = [];
  if (items) {
    const before = formerItems(old, schema);
    for (const [index, value] of list.entries()) {
      const subject = { value, old: before(value, index), path: `${path}[${index}]`, work };
      for (const error of check(subject, items)) errors.push(error);
    }
  }
  if (minItems !== undefined && list.length < minItems) {
    errors.push(invalid(path, list.length, `${path} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && list.length > maxItems) errors.push(tooMany(path, list.length, maxItems));
  return errors;
}

/** Items of lists with keys are the same as before when their keys are; those of other lists cannot be told. */
function formerItems(old: unknown, schema: JsonSchema): (value: unknown, index: number) => unknown {
  if (!Array.isArray(old) || schema['x-kubernetes-list-type'] !== 'map') return () => undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const keyOf = (value: unknown): string =>
    stringifyExact(keys.map((key) => (isObject(value) ? (value[key] ?? null) : null)));
  const byKey = new Map(old.map((value) => [keyOf(value), value]));
  return (value) => byKey.get(keyOf(value));
}

function objectErrors(
  object: JsonObject,
  { old, path, work }: Subject,
  schema: JsonSchema,
  isWholeObject: boolean,
): FieldError[] {
  const { maxProperties, minProperties } = schema;
  const errors: FieldError[] = [];
  const count = Object.keys(object).length;
  if (maxProperties !== undefined && count > maxProperties) errors.push(tooMany(path, count, maxProperties));
  if (minProperties !== undefined && count < minProperties) {
    errors.push(invalid(path, count, `${path} in body should have at least ${minProperties} properties`));
  }
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(object, name)) errors.push(required(at(name)));
  }
  const values = valueSchemaOf(schema);
  for (const [name, value] of Object.entries(object)) {
    if (isWholeObject && objectFields.includes(name)) continue;
    const known = propertyOf(schema, name) ?? values;
    if (!known) continue;
    const before = isObject(old) && Object.hasOwn(old, name) ? old[name] : undefined;
    const subject = { value, old: before, path: at(name), work };
    for (const error of check(subject, known, known['x-kubernetes-embedded-resource'])) errors.push(error);
  }
  return errors;
}

/** Errors of combinations belong to the whole object: upstream gives them no field. */
const combined = (text: string): FieldError => ({
  type: 'FieldValueInvalid',
  field: '<nil>',
  detail: `Invalid value: "": ${text}`,
});

function combinationErrors({ value, path, work }: Subject, schema: JsonSchema): FieldError[] {
  const { allOf, anyOf, oneOf, not } = schema;
  const subject: Subject = { value, old: undefined, path, work };
  const name = JSON.stringify(path);
  const errors: FieldError[] = [];
  if (anyOf?.length) {
    const results = anyOf.map((branch) => check(subject, branch));
    if (results.every((result) => result.length > 0)) {
      errors.push(combined(`${name} must validate at least one schema (anyOf)`));
      for (const error of fewest(results)) errors.push(error);
    }
  }
  if (oneOf?.length) {
    const results = oneOf.map((branch) => check(subject, branch));
    const matching = results.filter((result) => result.length === 0).length;
    if (matching !== 1) {
      const why = matching === 0 ? 'Found none valid' : `Found ${matching} valid alternatives`;
      errors.push(combined(`${name} must validate one and only one schema (oneOf). ${why}`));
      if (matching === 0) for (const error of fewest(results)) errors.push(error);
    }
  }
  if (allOf?.length) {
    const results = allOf.map((branch) => check(subject, branch));
    const failed = results.filter((result) => result.length > 0);
    if (failed.length > 0) {
      const none = failed.length === allOf.length ? '. None validated' : '';
      for (const result of failed) for (const error of result) errors.push(error);
      errors.push(combined(`${name} must validate all the schemas (allOf)${none}`));
    }
  }
  if (not && check(subject, not).length === 0) errors.push(combined(`${name} must not validate the schema (not)`));
  return errors;
}

/** The errors of the branch that came closest. */
function fewest(results: readonly FieldError[][]): FieldError[] {
  return results.reduce((best, result) => (result.length < best.length ? result : best));
}
