/** Validation of whole objects: the kind's hooks together with the rules for metadata. */

import { type FieldError, formatFieldError, invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { validateObjectMeta, validateObjectMetaUpdate } from './object-meta.js';
import type { Resource } from './resources.js';
import { validateForSubresource } from './subresources/parent-parts.js';

/** Throws StatusError 422 with every error. */
export function validateNew(resource: Resource, object: UnstructuredObject): void {
  const { hooks, namespaced } = resource.definition;
  refuse(resource, object, [
    ...validateObjectMeta(object.metadata, { namespaced }),
    ...(hooks.validate?.(object) ?? []),
  ]);
}

/** Throws StatusError 422 with every error. */
export function validateChange(
  resource: Resource,
  subresource: string,
  object: UnstructuredObject,
  old: UnstructuredObject,
): void {
  const { hooks } = resource.definition;
  const errors = validateObjectMetaUpdate(object.metadata, old.metadata);
  if (subresource === '') {
    errors.push(...(hooks.validate?.(object) ?? []), ...(hooks.validateUpdate?.(object, old) ?? []));
  } else if (subresource === 'status') {
    errors.push(...(hooks.validateStatusUpdate?.(object, old) ?? []));
  } else {
    errors.push(...validateForSubresource(resource, subresource, object, old), ...(hooks.validate?.(object) ?? []));
  }
  refuse(resource, object, errors);
}

function refuse(resource: Resource, object: UnstructuredObject, errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const seen = new Set<string>();
  const unique = errors.filter((error) => {
    const text = formatFieldError(error);
    return !seen.has(text) && seen.add(text);
  });
  throw invalidObject(resource.definition, object.metadata.name ?? '', unique);
}

/** The error for an update that must say which version it is based on. */
export function missingResourceVersion(resource: Resource, name: string): Error {
  const { group, plural } = resource.definition;
  const detail = { ...invalid('metadata.resourceVersion', 0, 'must be specified for an update') };
  // Upstream prints the number in Go's %#v form here.
  detail.detail = 'Invalid value: 0x0: must be specified for an update';
  return invalidObject({ group, kind: plural }, name, [detail]);
}
