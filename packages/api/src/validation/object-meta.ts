/** Validation of metadata (upstream's ValidateObjectMeta and ValidateObjectMetaUpdate). */
import { type FieldError, forbiddenField, invalid, required, tooLong } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { KubeObject, ObjectMeta, OwnerReference } from '@kubelab/apimachinery/meta';
import { isQualifiedName } from '@kubelab/apimachinery/names';
import { validateLabels } from './labels.js';
import { dnsLabelName, type NameRule } from './names.js';

export interface ObjectMetaRules {
  readonly namespaced: boolean;
  readonly name: NameRule;
}

const annotationsLimit = 256 * 1024;
const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

export function validateObjectMeta(meta: Partial<ObjectMeta>, rules: ObjectMetaRules, path = 'metadata'): FieldError[] {
  return [
    ...validateName(meta, rules.name, path),
    ...validateNamespace(meta.namespace ?? '', rules.namespaced, `${path}.namespace`),
    ...((meta.generation ?? 0) < 0
      ? [invalid(`${path}.generation`, meta.generation, 'must be greater than or equal to 0')]
      : []),
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateOwnerReferences(meta.ownerReferences ?? [], `${path}.ownerReferences`),
    ...validateFinalizers(meta.finalizers ?? [], `${path}.finalizers`),
  ];
}

/** What a kind's `validateUpdate` checks of metadata besides {@link validateObjectMeta}. */
export function validateObjectMetaUpdate(object: KubeObject, old: KubeObject, path = 'metadata'): FieldError[] {
  const errors: FieldError[] = [];
  const { metadata: meta } = object;
  if (old.metadata.deletionTimestamp !== undefined) errors.push(...validateNoNewFinalizers(meta, old.metadata, path));
  for (const field of [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const) {
    errors.push(...validateImmutable(meta[field], old.metadata[field], `${path}.${field}`));
  }
  if ((meta.generation ?? 0) < (old.metadata.generation ?? 0)) {
    errors.push(invalid(`${path}.generation`, meta.generation ?? 0, 'must not be decremented'));
  }
  return errors;
}

/** `field is immutable` unless both are the same JSON; absent and null count as the same. */
export function validateImmutable(value: unknown, old: unknown, path: string): FieldError[] {
  return deepEqual(value ?? null, old ?? null) ? [] : [invalid(path, value, 'field is immutable')];
}

function validateName(meta: Partial<ObjectMeta>, rule: NameRule, path: string): FieldError[] {
  const { name = '', generateName = '' } = meta;
  const errors: FieldError[] = [];
  if (generateName !== '') {
    const problems = rule(generateName, { prefix: true });
    errors.push(...problems.map((problem) => invalid(`${path}.generateName`, generateName, problem)));
  }
  if (name === '') errors.push(required(`${path}.name`, 'name or generateName is required'));
  else errors.push(...rule(name).map((problem) => invalid(`${path}.name`, name, problem)));
  return errors;
}

function validateNamespace(namespace: string, namespaced: boolean, path: string): FieldError[] {
  if (!namespaced) return namespace === '' ? [] : [forbiddenField(path, 'not allowed on this type')];
  if (namespace === '') return [required(path)];
  return dnsLabelName(namespace).map((problem) => invalid(path, namespace, problem));
}

export function validateAnnotations(annotations: Record<string, string> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    // Capitals in the prefix are tolerated for the sake of annotations from before the rule.
    errors.push(...isQualifiedName(key.toLowerCase()).map((problem) => invalid(path, key, problem)));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > annotationsLimit) errors.push(tooLong(path, annotationsLimit));
  return errors;
}

function validateOwnerReferences(owners: readonly OwnerReference[], path: string): FieldError[] {
  const errors = owners.flatMap((owner) => validateOwnerReference(owner, path));
  const controllers = owners.filter((owner) => owner.controller);
  for (const second of controllers.slice(1)) {
    const names = `${controllers[0]?.name} and ${second.name}`;
    const why = `Only one reference can have Controller set to true. Found "true" in references for ${names}`;
    errors.push(invalid(path, owners, why));
  }
  return errors;
}

function validateOwnerReference(owner: OwnerReference, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!owner.apiVersion)
    errors.push(invalid(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
  for (const field of ['kind', 'name', 'uid'] as const) {
    if (!owner[field]) errors.push(invalid(`${path}.${field}`, owner[field] ?? '', 'must not be empty'));
  }
  if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
    errors.push(invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'));
  }
  return errors;
}

function validateFinalizers(finalizers: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  finalizers.forEach((finalizer, index) => {
    errors.push(...isQualifiedName(finalizer).map((problem) => invalid(path, finalizer, problem)));
    if (!finalizer.includes('/') && !standardFinalizers.has(finalizer)) {
      const why = 'name is neither a standard finalizer name nor is it fully qualified';
      errors.push(invalid(`${path}[${index}]`, finalizer, why));
    }
  });
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  return errors;
}

function validateNoNewFinalizers(meta: ObjectMeta, old: ObjectMeta, path: string): FieldError[] {
  const before = new Set(old.finalizers);
  const added = (meta.finalizers ?? []).filter((finalizer) => !before.has(finalizer)).sort();
  if (added.length === 0) return [];
  const shown = `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(', ')}}`;
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`;
  return [forbiddenField(`${path}.finalizers`, why)];
}
