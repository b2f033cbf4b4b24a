/** core/v1 PersistentVolume. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { parseQuantity } from '@kubelab/apimachinery/quantity';
import { ageColumn, column, nameColumn, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import { validateNodeSelector } from '../pod/validation/scheduling.js';
import { nodeTermWarnings } from '../pod/warnings/node-labels.js';
import { oldClassWarnings, removedVolumeWarnings } from '../pod/warnings/volumes.js';
import { keepStatus } from '../status.js';
import type { PersistentVolume, PersistentVolumeSpec } from '../types.js';
import { validateEach, validateOptionalEnum } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const spec = 'io.k8s.api.core.v1.PersistentVolumeSpec';
const status = 'io.k8s.api.core.v1.PersistentVolumeStatus';
export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** `RWO,ROX`: each mode once, in upstream's order. */
export function formatAccessModes(modes: readonly string[] | undefined): string {
  return Object.keys(shortModes)
    .filter((mode) => modes?.includes(mode))
    .map((mode) => shortModes[mode])
    .join(',');
}

/** The fields of a spec that are not the volume source. */
const commonFields = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

function sourceOf(object: PersistentVolumeSpec): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !commonFields.has(field)));
}

function validateVolume(volume: PersistentVolume): FieldError[] {
  const object = volume.spec;
  const errors = validateObjectMeta(volume.metadata, { namespaced: false, name: dnsSubdomainName });
  if (!object.accessModes?.length) errors.push(required('spec.accessModes'));
  errors.push(...validateAccessModes(object.accessModes));
  if (!object.capacity) errors.push(required('spec.capacity'));
  else errors.push(...validateCapacity(object.capacity));
  const policies = ['Delete', 'Recycle', 'Retain'];
  const { persistentVolumeReclaimPolicy: policy } = object;
  errors.push(...validateOptionalEnum(policy, policies, 'spec.persistentVolumeReclaimPolicy'));
  const affinity = object.nodeAffinity?.required;
  if (affinity) errors.push(...validateNodeSelector(affinity, 'spec.nodeAffinity.required'));
  errors.push(...validateSource(sourceOf(object)));
  errors.push(...validateOptionalEnum(object.volumeMode, ['Block', 'Filesystem'], 'spec.volumeMode'));
  return errors;
}

export function validateAccessModes(modes: readonly string[] | undefined): FieldError[] {
  const errors = validateEach(modes, 'spec.accessModes', (mode) =>
    validateOptionalEnum(mode, accessModes, 'spec.accessModes'),
  );
  if (modes?.includes('ReadWriteOncePod') && modes.length > 1) {
    errors.push(forbiddenField('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
  }
  return errors;
}

function validateCapacity(capacity: Record<string, string>): FieldError[] {
  const { storage } = capacity;
  if (storage === undefined || Object.keys(capacity).length > 1) {
    const why = 'supported values: "storage"';
    return [
      {
        type: 'FieldValueNotSupported',
        field: 'spec.capacity',
        detail: `Unsupported value: ${JSON.stringify(capacity)}: ${why}`,
      },
    ];
  }
  if (parseQuantity(storage).sign() > 0) return [];
  return [invalid('spec.capacity[storage]', storage, 'must be greater than zero')];
}

function validateSource(source: Record<string, unknown>): FieldError[] {
  const kinds = Object.keys(source);
  if (kinds.length === 0) return [required('spec', 'must specify a volume type')];
  return kinds.slice(1).map((kind) => forbiddenField(`spec.${kind}`, 'may not specify more than 1 volume type'));
}

function validateVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors = [...validateObjectMetaUpdate(volume, old), ...validateVolume(volume)];
  if (!deepEqual(sourceOf(volume.spec), sourceOf(old.spec))) {
    const why = 'spec.persistentvolumesource is immutable after creation';
    errors.push(forbiddenField('spec.persistentvolumesource', why));
  }
  errors.push(...validateImmutable(volume.spec.volumeMode, old.spec.volumeMode, 'spec.volumeMode'));
  if (old.spec.nodeAffinity) {
    errors.push(...validateImmutable(volume.spec.nodeAffinity, old.spec.nodeAffinity, 'spec.nodeAffinity'));
  }
  return errors;
}

const recycleIsOld =
  'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';

const hooks: KindHooks<PersistentVolume> = {
  default(volume) {
    volume.spec ??= {};
    volume.status ??= {};
    volume.status.phase ||= 'Pending';
    volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
    volume.spec.volumeMode ??= 'Filesystem';
    if (volume.spec.hostPath) volume.spec.hostPath.type ??= '';
  },
  prepareForCreate(volume) {
    volume.status = { phase: 'Pending' };
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(volume, old) {
    volume.spec = old.spec;
  },
  warnings: ({ metadata, spec }) => [
    ...oldClassWarnings(metadata),
    ...(spec?.persistentVolumeReclaimPolicy === 'Recycle' ? [recycleIsOld] : []),
    ...removedVolumeWarnings(spec ?? {}, 'spec'),
    ...(spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap((term, index) =>
      nodeTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`),
    ),
  ],
  validate: validateVolume,
  validateUpdate: validateVolumeUpdate,
  validateStatusUpdate: validateObjectMetaUpdate,
};

export const persistentVolume = defineKind<PersistentVolume>({
  in: coreV1,
  kind: 'PersistentVolume',
  shortNames: ['pv'],
  clusterScoped: true,
  storagePath: 'persistentvolumes',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<PersistentVolume>(),
    column<PersistentVolume>('Capacity', `${spec}#capacity`, (object) => object.spec.capacity?.['storage'] ?? '0'),
    column<PersistentVolume>('Access Modes', `${spec}#accessModes`, (object) =>
      formatAccessModes(object.spec.accessModes),
    ),
    column<PersistentVolume>(
      'Reclaim Policy',
      `${spec}#persistentVolumeReclaimPolicy`,
      (object) => object.spec.persistentVolumeReclaimPolicy ?? '',
    ),
    column<PersistentVolume>('Status', `${status}#phase`, (object) =>
      object.metadata.deletionTimestamp ? 'Terminating' : (object.status?.phase ?? ''),
    ),
    column<PersistentVolume>('Claim', `${spec}#claimRef`, ({ spec: { claimRef } }) =>
      claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '',
    ),
    column<PersistentVolume>('StorageClass', 'StorageClass of the pv', (object) => object.spec.storageClassName ?? ''),
    column<PersistentVolume>(
      'VolumeAttributesClass',
      'VolumeAttributesClass of the pv',
      (object) => object.spec.volumeAttributesClassName ?? '<unset>',
    ),
    column<PersistentVolume>('Reason', `${status}#reason`, (object) => object.status?.reason ?? ''),
    ageColumn<PersistentVolume>(),
    column<PersistentVolume>('VolumeMode', `${spec}#volumeMode`, (object) => object.spec.volumeMode ?? '<unset>', wide),
  ],
  hooks,
});
