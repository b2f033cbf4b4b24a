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
  refuse(resource, object, () => hooks.validate?.(object) ?? validateObjectMeta(object.metadata, rules));
}

/** Throws StatusError 422 with every error. */
export function validateChange(
  resource: Resource,
  subresource: string,
  object: UnstructuredObject,
  old: UnstructuredObject,
): void {
  refuse(resource, object, () => errorsOfChange(resource, subresource, object, old));
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

/** Errors that are told of: nobody reads more, and an answer with a million of them would cost more than the object did. */
const maxErrors = 10_000;

function refuse(resource: Resource, object: UnstructuredObject, validate: () => readonly FieldError[]): void {
  const seen = new Set<string>();
  const unique: FieldError[] = [];
  for (const error of allErrors(validate)) {
    const text = formatFieldError(error);
    if (seen.has(text)) continue;
    seen.add(text);
    unique.push(error);
    if (unique.length === maxErrors) break;
  }
  if (unique.length > 0) throw invalidObject(resource.definition, object.metadata.name ?? '', unique);
}

/** Validation is pure: running off the stack, where lists of errors pass as arguments, means only that there are too many of them. */
function allErrors(validate: () => readonly FieldError[]): readonly FieldError[] {
  try {
    return validate();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [{ type: 'FieldValueInvalid', field: '<nil>', detail: 'Invalid value: there are too many errors to list' }];
  }
}

/** The error for an update that must say which version it is based on. */
export function missingResourceVersion(resource: Resource, name: string): Error {
  const { group, plural } = resource.definition;
  const detail = { ...invalid('metadata.resourceVersion', 0, 'must be specified for an update') };
  // Upstream prints the number in Go's %#v form here.
  detail.detail = 'Invalid value: 0x0: must be specified for an update';
  return invalidObject({ group, kind: plural }, name, [detail]);
}
