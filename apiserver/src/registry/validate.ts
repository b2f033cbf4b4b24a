/** Validation of whole objects: the kind's hooks together with the rules for metadata. */

import { pathSegmentName } from '@kubelab/api/validation/names';
import { validateObjectMeta, validateObjectMetaUpdate } from '@kubelab/api/validation/object-meta';
import { type FieldError, formatFieldError, invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { Resource } from './resources.js';
import { isParentPart, validateForSubresource } from './subresources/parent-parts.js';

/** Throws StatusError 422 with every error. */
export function validateNew(resource: Resource, object: UnstructuredObject): void {
  const { hooks, namespaced } = resource.definition;
  const rules = { namespaced, name: pathSegmentName };
  refuse(resource, object, hooks.validate?.(object) ?? validateObjectMeta(object.metadata, rules));
}

/** Throws StatusError 422 with every error. */
export function validateChange(
  resource: Resource,
  subresource: string,
  object: UnstructuredObject,
  old: UnstructuredObject,
): void {
  refuse(resource, object, errorsOfChange(resource, subresource, object, old));
}

function errorsOfChange(
  resource: Resource,
  subresource: string,
  object: UnstructuredObject,
  old: UnstructuredObject,
): FieldError[] {
  const { hooks, namespaced } = resource.definition;
  if (subresource === 'status') {
    return hooks.validateStatusUpdate?.(object, old) ?? validateObjectMetaUpdate(object, old);
  }
  if (subresource !== '' && isParentPart(resource, subresource)) {
    return [...validateObjectMetaUpdate(object, old), ...validateForSubresource(resource, subresource, object, old)];
  }
  const rules = { namespaced, name: pathSegmentName };
  return (
    hooks.validateUpdate?.(object, old) ?? [
      ...validateObjectMetaUpdate(object, old),
      ...(hooks.validate?.(object) ?? validateObjectMeta(object.metadata, rules)),
    ]
  );
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
