/** storage.k8s.io/v1 StorageClass. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { isQualifiedName } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { storageV1 } from '../group-versions.js';
import { nodeLabelWarnings } from '../pod/warnings/node-labels.js';
import type { StorageClass } from '../types.js';
import { validateOptionalEnum } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** Whether claims that name no class get this one. */
export function isDefaultStorageClass(object: StorageClass): boolean {
  return defaultAnnotations.some((annotation) => object.metadata.annotations?.[annotation] === 'true');
}

function validate(object: StorageClass): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName });
  if (!object.provisioner) errors.push(required('provisioner', ''));
  else {
    const problems = isQualifiedName(object.provisioner.toLowerCase());
    errors.push(...problems.map((problem) => invalid('provisioner', object.provisioner, problem)));
  }
  errors.push(...validateOptionalEnum(object.reclaimPolicy, ['Delete', 'Retain'], 'reclaimPolicy'));
  const modes = ['Immediate', 'WaitForFirstConsumer'];
  errors.push(...validateOptionalEnum(object.volumeBindingMode, modes, 'volumeBindingMode'));
  return errors;
}

function validateUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  const errors = [...validateObjectMetaUpdate(object, old), ...validate(object)];
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
    if (!deepEqual(object[field] ?? null, old[field] ?? null)) {
      errors.push(forbiddenField(field, `updates to ${field} are forbidden.`));
    }
  }
  return [...errors, ...validateImmutable(object.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode')];
}

const about = (field: string): string => `io.k8s.api.storage.v1.StorageClass#${field}`;

export const storageClass = defineKind<StorageClass>({
  in: storageV1,
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  clusterScoped: true,
  storagePath: 'storageclasses',
  columns: [
    nameColumn<StorageClass>((object) =>
      isDefaultStorageClass(object) ? `${object.metadata.name} (default)` : object.metadata.name,
    ),
    column<StorageClass>('Provisioner', about('provisioner'), (object) => object.provisioner ?? ''),
    column<StorageClass>('ReclaimPolicy', about('reclaimPolicy'), (object) => object.reclaimPolicy ?? 'Delete'),
    column<StorageClass>(
      'VolumeBindingMode',
      about('volumeBindingMode'),
      (object) => object.volumeBindingMode ?? 'Immediate',
    ),
    column<StorageClass>(
      'AllowVolumeExpansion',
      about('allowVolumeExpansion'),
      (object) => object.allowVolumeExpansion ?? false,
    ),
    ageColumn<StorageClass>(),
  ],
  hooks: {
    default(object) {
      object.reclaimPolicy ??= 'Delete';
      object.volumeBindingMode ??= 'Immediate';
    },
    warnings: ({ allowedTopologies }) =>
      (allowedTopologies ?? []).flatMap((term, index) =>
        (term.matchLabelExpressions ?? []).flatMap(({ key }, position) =>
          nodeLabelWarnings(key, `allowedTopologies[${index}].matchLabelExpressions[${position}].key`),
        ),
      ),
    validate,
    validateUpdate,
  },
});
