/** autoscaling/v2 HorizontalPodAutoscaler. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { autoscalingV2 } from '../group-versions.js';
import { keepStatus } from '../status.js';
import type { HorizontalPodAutoscalerSpecV2, HorizontalPodAutoscalerV2, HPAScalingRules } from '../types.js';
import { validateEach, validateEnum, validateNonNegative } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { validateCounts } from '../validation/status-counts.js';
import { metricsText, validateMetric } from './metrics.js';

const maxPeriodSeconds = 1800;
const maxStabilizationSeconds = 3600;

function defaultAutoscaler(autoscaler: HorizontalPodAutoscalerV2): void {
  autoscaler.spec ??= { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } };
  autoscaler.status ??= { desiredReplicas: 0 };
  const { spec } = autoscaler;
  spec.scaleTargetRef ??= { kind: '', name: '' };
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) {
    spec.metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ];
  }
  if (!spec.behavior) return;
  spec.behavior.scaleUp = defaultRules(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  });
  // How long to wait before scaling down is the controller's setting unless it is said here.
  spec.behavior.scaleDown = defaultRules(spec.behavior.scaleDown, {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  });
}

function defaultRules(rules: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  return { ...defaults, ...rules };
}

function validate(autoscaler: HorizontalPodAutoscalerV2): FieldError[] {
  return [
    ...validateObjectMeta(autoscaler.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateSpec(autoscaler.spec),
  ];
}

function validateSpec(spec: HorizontalPodAutoscalerSpecV2): FieldError[] {
  const errors: FieldError[] = [];
  const { minReplicas, maxReplicas, scaleTargetRef: target } = spec;
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  }
  if (!(maxReplicas >= 1)) errors.push(invalid('spec.maxReplicas', maxReplicas ?? 0, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  for (const field of ['kind', 'name'] as const) {
    if (!target?.[field]) errors.push(required(`spec.scaleTargetRef.${field}`));
  }
  errors.push(...validateEach(spec.metrics, 'spec.metrics', validateMetric));
  errors.push(...validateRules(spec.behavior?.scaleUp, 'spec.behavior.scaleUp'));
  errors.push(...validateRules(spec.behavior?.scaleDown, 'spec.behavior.scaleDown'));
  return errors;
}

function validateRules(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (!rules) return [];
  const errors: FieldError[] = [];
  const { stabilizationWindowSeconds: stabilization, selectPolicy, policies = [] } = rules;
  errors.push(...validateNonNegative(stabilization, `${path}.stabilizationWindowSeconds`));
  if (stabilization !== undefined && stabilization > maxStabilizationSeconds) {
    const why = `must be less than or equal to ${maxStabilizationSeconds}`;
    errors.push(invalid(`${path}.stabilizationWindowSeconds`, stabilization, why));
  }
  if (selectPolicy !== undefined) {
    errors.push(...validateEnum(selectPolicy, ['Disabled', 'Max', 'Min'], `${path}.selectPolicy`));
  }
  if (policies.length === 0) errors.push(required(`${path}.policies`, 'must specify at least one Policy'));
  errors.push(
    ...validateEach(policies, `${path}.policies`, (policy, at) => {
      const found = validateEnum(policy.type, ['Percent', 'Pods'], `${at}.type`);
      if (policy.value <= 0) found.push(invalid(`${at}.value`, policy.value, 'must be greater than zero'));
      if (policy.periodSeconds <= 0) {
        found.push(invalid(`${at}.periodSeconds`, policy.periodSeconds, 'must be greater than zero'));
      }
      if (policy.periodSeconds > maxPeriodSeconds) {
        const why = `must be less than or equal to ${maxPeriodSeconds}`;
        found.push(invalid(`${at}.periodSeconds`, policy.periodSeconds, why));
      }
      return found;
    }),
  );
  return errors;
}

const hooks: KindHooks<HorizontalPodAutoscalerV2> = {
  default: defaultAutoscaler,
  prepareForCreate(autoscaler) {
    autoscaler.status = { desiredReplicas: 0 };
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(autoscaler, old) {
    autoscaler.spec = old.spec;
  },
  validate,
  validateUpdate: (autoscaler, old) => [...validateObjectMetaUpdate(autoscaler, old), ...validate(autoscaler)],
  validateStatusUpdate: (autoscaler, old) => [
    ...validateObjectMetaUpdate(autoscaler, old),
    ...validateCounts(autoscaler.status, { counts: ['currentReplicas', 'desiredReplicas'] }),
  ],
};

const about = (field: string): string => `io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec#${field}`;

export const horizontalPodAutoscaler = defineKind<HorizontalPodAutoscalerV2>({
  in: autoscalingV2,
  kind: 'HorizontalPodAutoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  storagePath: 'horizontalpodautoscalers',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<HorizontalPodAutoscalerV2>(),
    column<HorizontalPodAutoscalerV2>(
      'Reference',
      about('scaleTargetRef'),
      ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}`,
    ),
    column<HorizontalPodAutoscalerV2>('Targets', about('metrics'), (object) =>
      metricsText(object.spec.metrics ?? [], object.status?.currentMetrics ?? []),
    ),
    column<HorizontalPodAutoscalerV2>('MinPods', about('minReplicas'), (object) =>
      String(object.spec.minReplicas ?? '<unset>'),
    ),
    column<HorizontalPodAutoscalerV2>('MaxPods', about('maxReplicas'), (object) => object.spec.maxReplicas),
    column<HorizontalPodAutoscalerV2>(
      'Replicas',
      'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus#currentReplicas',
      (object) => object.status?.currentReplicas ?? 0,
    ),
    ageColumn<HorizontalPodAutoscalerV2>(),
  ],
  hooks,
});
