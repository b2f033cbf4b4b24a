/** Values that field selectors compare. */
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { ResourceDefinition } from './resource.js';

/** Every field that a selector may name: upstream adds name and, for namespaced kinds, namespace to each kind's own. */
export function selectableFieldsOf(definition: ResourceDefinition): readonly string[] {
  const common = definition.namespaced ? ['metadata.name', 'metadata.namespace'] : ['metadata.name'];
  return [...common, ...definition.selectableFields];
}

/** The text of a selectable field; empty where the object has none. */
export function selectableFieldValue(
  definition: ResourceDefinition,
  object: UnstructuredObject,
  field: string,
): string {
  const special = definition.hooks.fieldValue?.(object, field);
  if (special !== undefined) return special;
  let value: unknown = object;
  for (const step of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return '';
    value = (value as Record<string, unknown>)[step];
  }
  return value === undefined || value === null ? '' : String(value);
}
