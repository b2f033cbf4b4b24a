/** Fields that field selectors may name: simple paths to scalars that the schema declares. */
import { duplicate, type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { type JsonSchema, propertyOf } from './json-schema.js';

const path = /^(?:\.[A-Za-z_][\w-]*)+$/;

/** `.spec.color` as `spec.color`. */
export function selectableFieldName(jsonPath: string): string {
  return jsonPath.replace(/^\./, '');
}

export function validateSelectableFields(
  fields: readonly { jsonPath: string }[],
  schema: JsonSchema,
  at: string,
): FieldError[] {
  const seen = new Set<string>();
  return fields.flatMap(({ jsonPath }, index) => {
    const where = `${at}[${index}].jsonPath`;
    if (!jsonPath) return [required(where)];
    if (seen.has(jsonPath)) return [duplicate(where, jsonPath)];
    seen.add(jsonPath);
    if (!path.test(jsonPath)) return [invalid(where, jsonPath, 'is an invalid path: must be a simple path of fields')];
    if (jsonPath.startsWith('.metadata')) return [invalid(where, jsonPath, 'must not point to fields in metadata')];
    return scalarErrors(jsonPath, schema, where);
  });
}

function scalarErrors(jsonPath: string, schema: JsonSchema, where: string): FieldError[] {
  let current: JsonSchema | undefined = schema;
  for (const name of selectableFieldName(jsonPath).split('.')) current = current && propertyOf(current, name);
  if (!current) return [invalid(where, jsonPath, 'is an invalid path: does not refer to a valid field')];
  if (['string', 'integer', 'boolean'].includes(current.type ?? '')) return [];
  const why =
    'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
  return [invalid(where, jsonPath, why)];
}
