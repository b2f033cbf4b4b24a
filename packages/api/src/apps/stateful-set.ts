/** apps/v1 StatefulSet. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import { isDNS1123Label } from '@kubelab/apimachinery/names';
import { ageColumn, column, containerColumns, nameColumn } from '../columns.js';
import { defineKind, editSubresource, type KindHooks, scaleSubresource } from '../define-kind.js';
import { appsV1 } from '../group-versions.js';
import { defaultPodTemplate } from '../pod/defaults.js';
import { workloadWarnings } from '../pod/warnings/pod-warnings.js';
import { clearStatus, keepStatus } from '../status.js';
import type { StatefulSet, StatefulSetSpec } from '../types.js';
import { validateNonNegative, validateOptionalEnum, validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { type StatusCounts, validateCollisionCount, validateCounts } from '../validation/status-counts.js';
import { validateSelectorAndTemplate } from '../validation/workloads.js';

const keepsEverything =
  'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended';

function defaultStatefulSet(statefulSet: StatefulSet): void {
  statefulSet.spec ??= { selector: {}, serviceName: '', template: {} };
  statefulSet.status ??= { replicas: 0 };
  const { spec } = statefulSet;
  spec.template ??= {};
  defaultPodTemplate(spec.template);
  spec.podManagementPolicy ||= 'OrderedReady';
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ||= 'v1';
    claim.kind ||= 'PersistentVolumeClaim';
    claim.spec ??= {};
    claim.spec.resources ??= {};
    claim.spec.volumeMode ??= 'Filesystem';
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
  }
}

function validateStatefulSet(statefulSet: StatefulSet): FieldError[] {
  return [
    ...validateObjectMeta(statefulSet.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateSpec(statefulSet.spec),
  ];
}

function validateSpec(spec: StatefulSetSpec): FieldError[] {
  const errors: FieldError[] = [];
  const { podManagementPolicy: management = '' } = spec;
  if (management === '') errors.push(required('spec.podManagementPolicy'));
  else if (management !== 'OrderedReady' && management !== 'Parallel') {
    errors.push(invalid('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'"));
  }
  errors.push(...validateStrategy(spec));
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const path = `spec.persistentVolumeClaimRetentionPolicy.${field}`;
    errors.push(...validateOptionalEnum(retention?.[field], ['Retain', 'Delete'], path));
  }
  errors.push(...validateNonNegative(spec.replicas, 'spec.replicas'));
  errors.push(...validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds'));
  errors.push(...validateNonNegative(spec.ordinals?.start, 'spec.ordinals.start'));
  if (spec.serviceName) errors.push(...validateWith(isDNS1123Label, spec.serviceName, 'spec.serviceName'));
  errors.push(
    ...validateSelectorAndTemplate(spec, 'spec', {
      emptySelector: 'statefulset',
      kind: 'StatefulSet',
      looseSpec: true,
    }),
  );
  errors.push(...validateNonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'));
  return errors;
}

function validateStrategy(spec: StatefulSetSpec): FieldError[] {
  const path = 'spec.updateStrategy';
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  switch (type) {
    case '':
      return [required(path)];
    case 'OnDelete':
      return rollingUpdate
        ? [invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")]
        : [];
    case 'RollingUpdate':
      return validateNonNegative(rollingUpdate?.partition, `${path}.rollingUpdate.partition`);
    default:
      return [invalid(path, spec.updateStrategy, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

function validateUpdate(statefulSet: StatefulSet, old: StatefulSet): FieldError[] {
  const errors = [...validateObjectMetaUpdate(statefulSet, old), ...validateStatefulSet(statefulSet)];
  const fixed = ({ spec }: StatefulSet): Partial<StatefulSetSpec> => {
    const copy: Partial<StatefulSetSpec> = deepClone(spec);
    for (const field of changeable) delete copy[field];
    return copy;
  };
  if (!deepEqual(fixed(statefulSet), fixed(old))) {
    const names = changeable.map((field) => `'${field}'`);
    const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
    errors.push(forbiddenField('spec', `updates to statefulset spec for fields other than ${list} are forbidden`));
  }
  return errors;
}

const bounded = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
const statusCounts: StatusCounts = {
  counts: ['replicas', ...bounded, 'observedGeneration', 'collisionCount'],
  atMostReplicas: bounded,
  availableBound: 'status.readyReplicas',
};

const hooks: KindHooks<StatefulSet> = {
  default: defaultStatefulSet,
  prepareForCreate: (statefulSet) => clearStatus(statefulSet, { replicas: 0 }),
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(statefulSet, old) {
    statefulSet.spec = old.spec;
  },
  validate: validateStatefulSet,
  validateUpdate,
  validateStatusUpdate: (statefulSet, old) => [
    ...validateCounts(statefulSet.status, statusCounts),
    ...validateObjectMetaUpdate(statefulSet, old),
    ...validateCollisionCount(statefulSet.status, old.status),
  ],
  warnings: ({ metadata, spec }, old) => [
    ...workloadWarnings({ now: metadata, old: old?.metadata }, spec.template, 'spec.template'),
    ...((spec.revisionHistoryLimit ?? 0) < 0 ? [keepsEverything] : []),
  ],
};

export const statefulSet = defineKind<StatefulSet>({
  in: appsV1,
  kind: 'StatefulSet',
  shortNames: ['sts'],
  categories: ['all'],
  storagePath: 'statefulsets',
  subresources: { scale: scaleSubresource, status: editSubresource },
  columns: [
    nameColumn<StatefulSet>(),
    column<StatefulSet>(
      'Ready',
      'Number of the pod with ready state',
      (object) => `${object.status?.readyReplicas ?? 0}/${object.spec.replicas ?? 0}`,
    ),
    ageColumn<StatefulSet>(),
    ...containerColumns<StatefulSet>((object) => object.spec.template.spec?.containers),
  ],
  generation: true,
  hooks,
});
