/** policy/v1 PodDisruptionBudget. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { policyV1 } from '../group-versions.js';
import { clearStatus, keepStatus } from '../status.js';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../types.js';
import { validateNonNegative, validateOptionalEnum } from '../validation/fields.js';
import { validateLabelSelector } from '../validation/labels.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { validateAtMost100Percent, validateCountOrPercent } from '../validation/workloads.js';

const emptyStatus: PodDisruptionBudgetStatus = {
  currentHealthy: 0,
  desiredHealthy: 0,
  disruptionsAllowed: 0,
  expectedPods: 0,
};

function validate(budget: PodDisruptionBudget): FieldError[] {
  const { spec } = budget;
  const errors = validateObjectMeta(budget.metadata, { namespaced: true, name: dnsSubdomainName });
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.push(invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    errors.push(...validateCountOrPercent(spec[field], `spec.${field}`));
    errors.push(...validateAtMost100Percent(spec[field], `spec.${field}`));
  }
  errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
  const policies = ['IfHealthyBudget', 'AlwaysAllow'];
  errors.push(...validateOptionalEnum(spec.unhealthyPodEvictionPolicy, policies, 'spec.unhealthyPodEvictionPolicy'));
  return errors;
}

function validateStatus(budget: PodDisruptionBudget, old: PodDisruptionBudget): FieldError[] {
  const errors = validateObjectMetaUpdate(budget, old);
  for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) {
    errors.push(...validateNonNegative(budget.status?.[field], `status.${field}`));
  }
  return errors;
}

const hooks: KindHooks<PodDisruptionBudget> = {
  default(budget) {
    budget.spec ??= {};
    budget.status ??= { ...emptyStatus };
  },
  prepareForCreate: (budget) => clearStatus(budget, { ...emptyStatus }),
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(budget, old) {
    budget.spec = old.spec;
  },
  validate,
  validateUpdate: (budget, old) => [...validateObjectMetaUpdate(budget, old), ...validate(budget)],
  validateStatusUpdate: validateStatus,
};

export const podDisruptionBudget = defineKind<PodDisruptionBudget>({
  in: policyV1,
  kind: 'PodDisruptionBudget',
  shortNames: ['pdb'],
  storagePath: 'poddisruptionbudgets',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<PodDisruptionBudget>(),
    column<PodDisruptionBudget>('Min Available', 'The minimum number of pods that must be available.', (object) =>
      String(object.spec.minAvailable ?? 'N/A'),
    ),
    column<PodDisruptionBudget>('Max Unavailable', 'The maximum number of pods that may be unavailable.', (object) =>
      String(object.spec.maxUnavailable ?? 'N/A'),
    ),
    column<PodDisruptionBudget>(
      'Allowed Disruptions',
      'Calculated number of pods that may be disrupted at this time.',
      (object) => object.status?.disruptionsAllowed ?? 0,
      { type: 'integer' },
    ),
    ageColumn<PodDisruptionBudget>(),
  ],
  generation: true,
  hooks,
});
