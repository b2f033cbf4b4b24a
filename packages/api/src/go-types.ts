/** Go's names of types and its zero values, as far as a schema tells them. */
import { referencedName, type Schema } from './definitions.js';

/** `PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** `v1.PodSpec`, as Go prints a type of package `.../core/v1`. */
export function goType(name: string): string {
  return name.split('.').slice(-2).join('.');
}

/** The Go type of a field with this schema. */
export function goTypeOf(schema: Schema): string {
  if (schema.$ref) return goType(referencedName(schema.$ref));
  switch (schema.type) {
    case 'boolean':
      return 'bool';
    case 'integer':
      return schema.format ?? 'int32';
    case 'number':
      return 'float64';
    case 'array':
      return `[]${goTypeOf(schema.items ?? {})}`;
    case 'object':
      return schema.additionalProperties
        ? `map[string]${goTypeOf(schema.additionalProperties)}`
        : 'map[string]interface {}';
    default:
      return schema.format === 'byte' ? '[]uint8' : 'string';
  }
}

/** What Go makes of a null inside a list or map. */
export function zeroOf(schema: Schema): unknown {
  if (schema.$ref) {
    const name = shortName(referencedName(schema.$ref));
    // Arbitrary JSON may well be null.
    if (name === 'JSON') return null;
    return name === 'Quantity' ? '0' : {};
  }
  switch (schema.type) {
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 0;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return '';
  }
}
