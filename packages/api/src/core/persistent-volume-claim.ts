/** core/v1 PersistentVolumeClaim. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import { parseQuantity } from '@kubelab/apimachinery/quantity';
import { ageColumn, column, nameColumn, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import { changedPaths } from '../pod/validation/changed-paths.js';
import { claimSpecWarnings, oldClassWarnings } from '../pod/warnings/volumes.js';
import { keepStatus } from '../status.js';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../types.js';
import { validateOptionalEnum } from '../validation/fields.js';
import { validateLabelSelector } from '../validation/labels.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { formatAccessModes, validateAccessModes } from './persistent-volume.js';

const spec = 'io.k8s.api.core.v1.PersistentVolumeClaimSpec';
const status = 'io.k8s.api.core.v1.PersistentVolumeClaimStatus';

function validateClaim(claim: PersistentVolumeClaim): FieldError[] {
  return [
    ...validateObjectMeta(claim.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateClaimSpec(claim.spec),
  ];
}

function validateClaimSpec(object: PersistentVolumeClaimSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (!object.accessModes?.length) errors.push(required('spec.accessModes', 'at least 1 access mode is required'));
  errors.push(...validateLabelSelector(object.selector, 'spec.selector'));
  errors.push(...validateAccessModes(object.accessModes));
  const storage = object.resources?.requests?.['storage'];
  if (storage === undefined) errors.push(required('spec.resources[storage]'));
  else if (parseQuantity(storage).sign() <= 0) {
    errors.push(invalid('spec.resources[storage]', storage, 'must be greater than zero'));
  }
  errors.push(...validateOptionalEnum(object.volumeMode, ['Block', 'Filesystem'], 'spec.volumeMode'));
  return errors;
}

function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors = [...validateObjectMetaUpdate(claim, old), ...validateClaim(claim)];
  const munged = deepClone(claim.spec);
  const bound = old.status?.phase === 'Bound';
  // The binder names the volume, and a bound claim may grow.
  if (!old.spec.volumeName) delete munged.volumeName;
  const before = deepClone(old.spec);
  if (bound) {
    for (const each of [munged, before]) if (each.resources) delete each.resources.requests;
  }
  for (const each of [munged, before]) delete each.volumeAttributesClassName;
  if (!deepEqual(munged, before)) {
    const what =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.push(forbiddenField('spec', `${what}\n${changedPaths(before, munged, 'spec')}`));
  }
  const [asked, had] = [claim, old].map((each) => each.spec.resources?.requests?.['storage']);
  if (bound && asked && had && parseQuantity(asked).compare(parseQuantity(had)) < 0) {
    const why = 'field can not be less than status.capacity';
    errors.push(forbiddenField('spec.resources.requests.storage', why));
  }
  return errors;
}

const hooks: KindHooks<PersistentVolumeClaim> = {
  default(claim) {
    claim.spec ??= {};
    claim.spec.resources ??= {};
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
    claim.spec.volumeMode ??= 'Filesystem';
  },
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(claim, old) {
    claim.spec = old.spec;
  },
  warnings: ({ metadata, spec }) => [...oldClassWarnings(metadata), ...claimSpecWarnings(spec, 'spec')],
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateObjectMetaUpdate,
};

export const persistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  in: coreV1,
  kind: 'PersistentVolumeClaim',
  shortNames: ['pvc'],
  storagePath: 'persistentvolumeclaims',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<PersistentVolumeClaim>(),
    column<PersistentVolumeClaim>('Status', `${status}#phase`, (object) =>
      object.metadata.deletionTimestamp ? 'Terminating' : (object.status?.phase ?? ''),
    ),
    column<PersistentVolumeClaim>('Volume', `${spec}#volumeName`, (object) => object.spec.volumeName ?? ''),
    column<PersistentVolumeClaim>('Capacity', `${status}#capacity`, (object) =>
      object.spec.volumeName ? (object.status?.capacity?.['storage'] ?? '0') : '',
    ),
    column<PersistentVolumeClaim>('Access Modes', `${status}#accessModes`, (object) =>
      object.spec.volumeName ? formatAccessModes(object.status?.accessModes) : '',
    ),
    column<PersistentVolumeClaim>(
      'StorageClass',
      'StorageClass of the pvc',
      (object) => object.spec.storageClassName ?? '',
    ),
    column<PersistentVolumeClaim>(
      'VolumeAttributesClass',
      'VolumeAttributesClass of the pvc',
      (object) => object.spec.volumeAttributesClassName ?? '<unset>',
    ),
    ageColumn<PersistentVolumeClaim>(),
    column<PersistentVolumeClaim>(
      'VolumeMode',
      `${spec}#volumeMode`,
      (object) => object.spec.volumeMode ?? '<unset>',
      wide,
    ),
  ],
  hooks,
});
