/** core/v1 ReplicationController. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, containerColumns, formatLabels, nameColumn, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks, scaleSubresource } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import { defaultPodTemplate } from '../pod/defaults.js';
import { validateAlwaysRestart, validatePodTemplate } from '../pod/validation/pod-spec.js';
import { workloadWarnings } from '../pod/warnings/pod-warnings.js';
import { clearStatus, keepStatus } from '../status.js';
import type { ReplicationController, ReplicationControllerSpec } from '../types.js';
import { validateNonNegative } from '../validation/fields.js';
import { validateLabels } from '../validation/labels.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { ownValue } from '../validation/resource-quantities.js';
import { type StatusCounts, validateCounts } from '../validation/status-counts.js';

const spec = 'io.k8s.api.core.v1.ReplicationControllerSpec';
const status = 'io.k8s.api.core.v1.ReplicationControllerStatus';

function validate(controller: ReplicationController): FieldError[] {
  return [
    ...validateObjectMeta(controller.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateSpec(controller.spec ?? {}),
  ];
}

function validateSpec(object: ReplicationControllerSpec): FieldError[] {
  const selector = object.selector ?? {};
  const errors: FieldError[] = [];
  if (Object.keys(selector).length === 0) errors.push(required('spec.selector'));
  errors.push(...validateLabels(selector, 'spec.selector'));
  errors.push(...validateNonNegative(object.minReadySeconds, 'spec.minReadySeconds'));
  errors.push(...validateNonNegative(object.replicas, 'spec.replicas'));
  if (!object.template) return [...errors, required('spec.template')];
  const labels = object.template.metadata?.labels ?? {};
  if (!Object.entries(selector).every(([key, value]) => ownValue(labels, key) === value)) {
    const why = '`selector` does not match template `labels`';
    errors.push(invalid('spec.template.metadata.labels', labels, why));
  }
  errors.push(...validatePodTemplate(object.template, 'spec.template'));
  errors.push(...validateAlwaysRestart(object.template.spec, 'spec.template.spec'));
  return errors;
}

const bounded = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'];
const statusCounts: StatusCounts = {
  counts: ['replicas', ...bounded, 'observedGeneration'],
  atMostReplicas: bounded,
  availableBound: 'readyReplicas',
};

const hooks: KindHooks<ReplicationController> = {
  default(controller) {
    controller.spec ??= {};
    controller.status ??= { replicas: 0 };
    controller.spec.replicas ??= 1;
    const { template } = controller.spec;
    if (!template) return;
    defaultPodTemplate(template);
    const labels = template.metadata?.labels;
    if (!labels) return;
    if (Object.keys(controller.spec.selector ?? {}).length === 0) controller.spec.selector = labels;
    if (Object.keys(controller.metadata.labels ?? {}).length === 0) controller.metadata.labels = labels;
  },
  prepareForCreate: (controller) => clearStatus(controller, { replicas: 0 }),
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate: (controller, old) => [...validateObjectMetaUpdate(controller, old), ...validate(controller)],
  validateStatusUpdate: (controller, old) => [
    ...validateObjectMetaUpdate(controller, old),
    ...validateCounts(controller.status, statusCounts),
  ],
  warnings: ({ metadata, spec: own }, old) =>
    workloadWarnings({ now: metadata, old: old?.metadata }, own?.template, 'spec.template', { namesPods: true }),
  fieldValue: (controller, field) =>
    field === 'status.replicas' ? String(controller.status?.replicas ?? 0) : undefined,
};

export const replicationController = defineKind<ReplicationController>({
  in: coreV1,
  kind: 'ReplicationController',
  shortNames: ['rc'],
  categories: ['all'],
  storagePath: 'controllers',
  subresources: { scale: scaleSubresource, status: editSubresource },
  columns: [
    nameColumn<ReplicationController>(),
    column<ReplicationController>('Desired', `${spec}#replicas`, (object) => object.spec?.replicas ?? 0, {
      type: 'integer',
    }),
    column<ReplicationController>('Current', `${status}#replicas`, (object) => object.status?.replicas ?? 0, {
      type: 'integer',
    }),
    column<ReplicationController>('Ready', `${status}#readyReplicas`, (object) => object.status?.readyReplicas ?? 0, {
      type: 'integer',
    }),
    ageColumn<ReplicationController>(),
    ...containerColumns<ReplicationController>((object) => object.spec?.template?.spec?.containers),
    column<ReplicationController>(
      'Selector',
      `${spec}#selector`,
      (object) => formatLabels(object.spec?.selector),
      wide,
    ),
  ],
  selectableFields: ['status.replicas'],
  generation: true,
  hooks,
});
