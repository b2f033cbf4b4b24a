/** apps/v1 ReplicaSet. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, containerColumns, formatLabelSelector, nameColumn, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks, scaleSubresource } from '../define-kind.js';
import { appsV1 } from '../group-versions.js';
import { defaultPodTemplate } from '../pod/defaults.js';
import { workloadWarnings } from '../pod/warnings/pod-warnings.js';
import { clearStatus, keepStatus } from '../status.js';
import type { ReplicaSet } from '../types.js';
import { validateNonNegative } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { validateSelectorAndTemplate } from '../validation/workloads.js';

const spec = 'io.k8s.api.apps.v1.ReplicaSetSpec';
const status = 'io.k8s.api.apps.v1.ReplicaSetStatus';
const integer = { type: 'integer' } as const;

function validateReplicaSet(replicaSet: ReplicaSet): FieldError[] {
  return [
    ...validateObjectMeta(replicaSet.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateNonNegative(replicaSet.spec.replicas, 'spec.replicas'),
    ...validateNonNegative(replicaSet.spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateSelectorAndTemplate(replicaSet.spec, 'spec', { emptySelector: 'deployment', kind: 'ReplicaSet' }),
  ];
}

function validateStatus(replicaSet: ReplicaSet, old: ReplicaSet): FieldError[] {
  const errors = validateObjectMetaUpdate(replicaSet, old);
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0, fullyLabeledReplicas = 0 } = replicaSet.status ?? {};
  const counts = { replicas, fullyLabeledReplicas, readyReplicas, availableReplicas };
  for (const [field, count] of Object.entries(counts)) errors.push(...validateNonNegative(count, `status.${field}`));
  for (const [field, count] of Object.entries({ fullyLabeledReplicas, readyReplicas, availableReplicas })) {
    if (count > replicas) errors.push(invalid(`status.${field}`, count, 'cannot be greater than status.replicas'));
  }
  if (availableReplicas > readyReplicas) {
    errors.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas'));
  }
  return errors;
}

const hooks: KindHooks<ReplicaSet> = {
  default(replicaSet) {
    replicaSet.spec ??= { selector: {} };
    replicaSet.status ??= { replicas: 0 };
    replicaSet.spec.replicas ??= 1;
    replicaSet.spec.template ??= {};
    defaultPodTemplate(replicaSet.spec.template);
  },
  prepareForCreate: (replicaSet) => clearStatus(replicaSet, { replicas: 0 }),
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(replicaSet, old) {
    replicaSet.spec = old.spec;
  },
  validate: validateReplicaSet,
  validateUpdate: (replicaSet, old) => [
    ...validateObjectMetaUpdate(replicaSet, old),
    ...validateReplicaSet(replicaSet),
    ...validateImmutable(replicaSet.spec.selector, old.spec.selector, 'spec.selector'),
  ],
  validateStatusUpdate: validateStatus,
  warnings: ({ metadata, spec: own }, old) =>
    workloadWarnings({ now: metadata, old: old?.metadata }, own.template, 'spec.template', { namesPods: true }),
  fieldValue: (replicaSet, field) =>
    field === 'status.replicas' ? String(replicaSet.status?.replicas ?? 0) : undefined,
};

export const replicaSet = defineKind<ReplicaSet>({
  in: appsV1,
  kind: 'ReplicaSet',
  shortNames: ['rs'],
  categories: ['all'],
  storagePath: 'replicasets',
  subresources: { scale: scaleSubresource, status: editSubresource },
  columns: [
    nameColumn<ReplicaSet>(),
    column<ReplicaSet>('Desired', `${spec}#replicas`, (object) => object.spec.replicas ?? 0, integer),
    column<ReplicaSet>('Current', `${status}#replicas`, (object) => object.status?.replicas ?? 0, integer),
    column<ReplicaSet>('Ready', `${status}#readyReplicas`, (object) => object.status?.readyReplicas ?? 0, integer),
    ageColumn<ReplicaSet>(),
    ...containerColumns<ReplicaSet>((object) => object.spec.template?.spec?.containers),
    column<ReplicaSet>('Selector', `${spec}#selector`, (object) => formatLabelSelector(object.spec.selector), wide),
  ],
  selectableFields: ['status.replicas'],
  generation: true,
  hooks,
});
