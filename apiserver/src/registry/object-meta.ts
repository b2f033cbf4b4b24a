/** Upstream's rules for metadata (k8s.io/apimachinery/pkg/api/validation/objectmeta.go): what every kind must obey. Pure. */

import { type FieldError, forbiddenField, invalid, required, tooLong } from '@kubelab/apimachinery/field-error';
import type { ObjectMeta, OwnerReference } from '@kubelab/apimachinery/meta';
import { isDNS1123Label, isQualifiedName, isValidLabelValue, isValidPathSegmentName } from '@kubelab/apimachinery/names';

const annotationBytesLimit = 256 * 1024;
const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

export function validateObjectMeta(meta: Partial<ObjectMeta>, options: { namespaced: boolean }): FieldError[] {
  const errors: FieldError[] = [];
  if (!meta.name) errors.push(required('metadata.name', 'name or generateName is required'));
  else errors.push(...isValidPathSegmentName(meta.name).map((text) => invalid('metadata.name', meta.name, text)));
  if (options.namespaced) {
    if (!meta.namespace) errors.push(required('metadata.namespace'));
    else errors.push(...isDNS1123Label(meta.namespace).map((text) => invalid('metadata.namespace', meta.namespace, text)));
  } else if (meta.namespace) {
    errors.push(forbiddenField('metadata.namespace', 'not allowed on this type'));
  }
  if ((meta.generation ?? 0) < 0) {
    errors.push(invalid('metadata.generation', meta.generation, 'must be greater than or equal to 0'));
  }
  return [...errors, ...validateChangeable(meta)];
}

/** The parts that an update may change, too. */
function validateChangeable(meta: Partial<ObjectMeta>): FieldError[] {
  return [
    ...validateLabels(meta.labels),
    ...validateAnnotations(meta.annotations),
    ...validateOwnerReferences(meta.ownerReferences),
    ...validateFinalizers(meta.finalizers),
  ];
}

function validateLabels(labels: Record<string, string> | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...isQualifiedName(key).map((text) => invalid('metadata.labels', key, text)));
    errors.push(...isValidLabelValue(value).map((text) => invalid('metadata.labels', value, text)));
  }
  return errors;
}

function validateAnnotations(annotations: Record<string, string> | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...isQualifiedName(key.toLowerCase()).map((text) => invalid('metadata.annotations', key, text)));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > annotationBytesLimit) errors.push(tooLong('metadata.annotations', annotationBytesLimit));
  return errors;
}

function validateOwnerReferences(owners: readonly OwnerReference[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const [index, owner] of (owners ?? []).entries()) {
    const path = `metadata.ownerReferences[${index}]`;
    const version = owner.apiVersion?.split('/').pop() ?? '';
    if (version === '') errors.push(invalid(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    for (const field of ['kind', 'name', 'uid'] as const) {
      if (!owner[field]) errors.push(invalid(`${path}.${field}`, owner[field] ?? '', 'must not be empty'));
    }
    if (owner.controller !== true) continue;
    if (controller !== undefined) {
      const found = `Found "true" in references for ${controller} and ${owner.kind}/${owner.name}`;
      const detail = `Only one reference can have Controller set to true. ${found}`;
      errors.push(invalid('metadata.ownerReferences', owners, detail));
    } else controller = `${owner.kind}/${owner.name}`;
  }
  return errors;
}

function validateFinalizers(finalizers: readonly string[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const finalizer of finalizers ?? []) {
    const texts = isQualifiedName(finalizer);
    if (texts.length === 0 && !finalizer.includes('/') && !standardFinalizers.has(finalizer)) {
      texts.push('name is neither a standard finalizer name nor is it fully qualified');
    }
    errors.push(...texts.map((text) => invalid('metadata.finalizers', finalizer, text)));
  }
  if (finalizers?.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const detail = 'finalizer orphan and foregroundDeletion cannot be both set';
    errors.push(invalid('metadata.finalizers', finalizers, detail));
  }
  return errors;
}

const immutableFields = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

export function validateObjectMetaUpdate(meta: Partial<ObjectMeta>, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp !== undefined) {
    const added = (meta.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
    if (added.length > 0) {
      const shown = `[]string{${added.map((name) => JSON.stringify(name)).join(', ')}}`;
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`;
      errors.push(forbiddenField('metadata.finalizers', detail));
    }
  }
  for (const field of immutableFields) {
    if ((meta[field] ?? '') !== (old[field] ?? '')) {
      errors.push(invalid(`metadata.${field}`, meta[field] ?? null, 'field is immutable'));
    }
  }
  return [...errors, ...validateChangeable(meta)];
}
