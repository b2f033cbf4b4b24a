/** storage.k8s.io/v1 CSIDriver. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { storageV1 } from '../group-versions.js';
import type { CSIDriver } from '../types.js';
import { validateEach, validateEnum, validateOptionalEnum } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const minExpirationSeconds = 600;

function validate(object: CSIDriver): FieldError[] {
  const { spec } = object;
  const modes = spec.volumeLifecycleModes ?? [];
  const policies = ['ReadWriteOnceWithFSType', 'File', 'None'];
  return [
    ...validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName }),
    ...(spec.attachRequired === undefined ? [required('spec.attachedRequired')] : []),
    ...(spec.podInfoOnMount === undefined ? [required('spec.podInfoOnMount')] : []),
    ...validateOptionalEnum(spec.fsGroupPolicy, policies, 'spec.fsGroupPolicy'),
    ...validateEach(modes, 'spec.volumeLifecycleModes', (mode) =>
      validateEnum(mode, ['Persistent', 'Ephemeral'], 'spec.volumeLifecycleModes'),
    ),
    ...validateEach(spec.tokenRequests, 'spec.tokenRequests', ({ expirationSeconds }, path) =>
      expirationSeconds !== undefined && expirationSeconds < minExpirationSeconds
        ? [invalid(`${path}.expirationSeconds`, expirationSeconds, 'may not specify a duration less than 10 minutes')]
        : [],
    ),
  ];
}

const immutable = ['attachRequired', 'fsGroupPolicy', 'volumeLifecycleModes'] as const;

export const csiDriver = defineKind<CSIDriver>({
  in: storageV1,
  kind: 'CSIDriver',
  clusterScoped: true,
  storagePath: 'csidrivers',
  generation: true,
  columns: [
    nameColumn<CSIDriver>(),
    column<CSIDriver>(
      'AttachRequired',
      'io.k8s.api.storage.v1.CSIDriverSpec#attachRequired',
      ({ spec }) => spec.attachRequired ?? true,
      { type: 'boolean' },
    ),
    column<CSIDriver>(
      'PodInfoOnMount',
      'io.k8s.api.storage.v1.CSIDriverSpec#podInfoOnMount',
      ({ spec }) => spec.podInfoOnMount ?? false,
      { type: 'boolean' },
    ),
    column<CSIDriver>(
      'StorageCapacity',
      'io.k8s.api.storage.v1.CSIDriverSpec#storageCapacity',
      ({ spec }) => spec.storageCapacity ?? false,
      { type: 'boolean' },
    ),
    column<CSIDriver>(
      'TokenRequests',
      'io.k8s.api.storage.v1.CSIDriverSpec#tokenRequests',
      ({ spec }) => (spec.tokenRequests ?? []).map(({ audience }) => audience).join(',') || '<unset>',
    ),
    column<CSIDriver>(
      'RequiresRepublish',
      'io.k8s.api.storage.v1.CSIDriverSpec#requiresRepublish',
      ({ spec }) => spec.requiresRepublish ?? false,
      { type: 'boolean' },
    ),
    column<CSIDriver>('Modes', 'io.k8s.api.storage.v1.CSIDriverSpec#volumeLifecycleModes', ({ spec }) =>
      (spec.volumeLifecycleModes ?? []).join(','),
    ),
    ageColumn<CSIDriver>(),
  ],
  hooks: {
    default(object) {
      object.spec ??= {};
      const { spec } = object;
      spec.attachRequired ??= true;
      spec.podInfoOnMount ??= false;
      spec.storageCapacity ??= false;
      spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
      if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
      spec.requiresRepublish ??= false;
      spec.seLinuxMount ??= false;
    },
    validate,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validate(object),
      ...immutable.flatMap((field) => validateImmutable(object.spec[field], old.spec[field], `spec.${field}`)),
    ],
  },
});
