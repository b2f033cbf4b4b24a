/** apps/v1 Deployment. */
import { type FieldError, forbiddenField, invalid, notSupported } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, containerColumns, nameColumn, selectorText, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks, scaleSubresource } from '../define-kind.js';
import { appsV1 } from '../group-versions.js';
import { defaultPodTemplate } from '../pod/defaults.js';
import { workloadWarnings } from '../pod/warnings/pod-warnings.js';
import { clearStatus, keepStatus } from '../status.js';
import type { Deployment, DeploymentSpec, DeploymentStrategy } from '../types.js';
import { validateNonNegative } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import {
  isZeroCountOrPercent,
  validateAtMost100Percent,
  validateCountOrPercent,
  validateSelectorAndTemplate,
} from '../validation/workloads.js';

const status = 'io.k8s.api.apps.v1.DeploymentStatus';

function defaultDeployment(deployment: Deployment): void {
  deployment.spec ??= { selector: {}, template: {} };
  deployment.status ??= {};
  const { spec } = deployment;
  spec.template ??= {};
  defaultPodTemplate(spec.template);
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ||= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

function validateDeployment(deployment: Deployment): FieldError[] {
  return [
    ...validateObjectMeta(deployment.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateSpec(deployment.spec),
  ];
}

function validateSpec(spec: DeploymentSpec): FieldError[] {
  const errors = validateNonNegative(spec.replicas, 'spec.replicas');
  errors.push(...validateSelectorAndTemplate(spec, 'spec', { emptySelector: 'deployment', kind: 'ReplicaSet' }));
  errors.push(...validateStrategy(spec.strategy ?? {}, 'spec.strategy'));
  errors.push(...validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds'));
  errors.push(...validateNonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'));
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
  if (deadline !== undefined) {
    errors.push(...validateNonNegative(deadline, 'spec.progressDeadlineSeconds'));
    if (deadline <= minReadySeconds) {
      errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
    }
  }
  return errors;
}

function validateStrategy(strategy: DeploymentStrategy, path: string): FieldError[] {
  const rolling = strategy.rollingUpdate;
  if (strategy.type === 'Recreate') {
    const why = "may not be specified when strategy `type` is 'Recreate'";
    return rolling ? [forbiddenField(`${path}.rollingUpdate`, why)] : [];
  }
  if (strategy.type !== 'RollingUpdate') {
    return [notSupported(`${path}.type`, strategy.type ?? '', ['Recreate', 'RollingUpdate'])];
  }
  const at = `${path}.rollingUpdate`;
  const errors = validateCountOrPercent(rolling?.maxUnavailable, `${at}.maxUnavailable`);
  errors.push(...validateCountOrPercent(rolling?.maxSurge, `${at}.maxSurge`));
  if (isZeroCountOrPercent(rolling?.maxUnavailable) && isZeroCountOrPercent(rolling?.maxSurge)) {
    const why = 'may not be 0 when `maxSurge` is 0';
    errors.push(invalid(`${at}.maxUnavailable`, rolling?.maxUnavailable, why));
  }
  errors.push(...validateAtMost100Percent(rolling?.maxUnavailable, `${at}.maxUnavailable`));
  return errors;
}

function validateStatus(deployment: Deployment, old: Deployment): FieldError[] {
  const errors = validateObjectMetaUpdate(deployment, old);
  const now = deployment.status ?? {};
  for (const field of [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
  ] as const) {
    errors.push(...validateNonNegative(now[field], `status.${field}`));
  }
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0, updatedReplicas = 0 } = now;
  const tooMany = 'cannot be greater than status.replicas';
  for (const [field, count] of Object.entries({ updatedReplicas, readyReplicas, availableReplicas })) {
    if (count > replicas) errors.push(invalid(`status.${field}`, count, tooMany));
  }
  if (availableReplicas > readyReplicas) {
    errors.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas'));
  }
  if ((now.collisionCount ?? 0) < (old.status?.collisionCount ?? 0)) {
    errors.push(invalid('status.collisionCount', now.collisionCount ?? 0, 'cannot be decremented'));
  }
  return errors;
}

const hooks: KindHooks<Deployment> = {
  default: defaultDeployment,
  prepareForCreate: (deployment) => clearStatus(deployment, {}),
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(deployment, old) {
    deployment.spec = old.spec;
  },
  validate: validateDeployment,
  validateUpdate: (deployment, old) => [
    ...validateObjectMetaUpdate(deployment, old),
    ...validateDeployment(deployment),
    ...validateImmutable(deployment.spec.selector, old.spec.selector, 'spec.selector'),
  ],
  validateStatusUpdate: validateStatus,
  warnings: ({ metadata, spec }, old) =>
    workloadWarnings({ now: metadata, old: old?.metadata }, spec.template, 'spec.template', { namesPods: true }),
};

export const deployment = defineKind<Deployment>({
  in: appsV1,
  kind: 'Deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  storagePath: 'deployments',
  subresources: { scale: scaleSubresource, status: editSubresource },
  columns: [
    nameColumn<Deployment>(),
    column<Deployment>(
      'Ready',
      'Number of the pod with ready state',
      (object) => `${object.status?.readyReplicas ?? 0}/${object.spec.replicas ?? 0}`,
    ),
    column<Deployment>('Up-to-date', `${status}#updatedReplicas`, (object) => object.status?.updatedReplicas ?? 0),
    column<Deployment>('Available', `${status}#availableReplicas`, (object) => object.status?.availableReplicas ?? 0),
    ageColumn<Deployment>(),
    ...containerColumns<Deployment>((object) => object.spec.template.spec?.containers),
    column<Deployment>(
      'Selector',
      'io.k8s.api.apps.v1.DeploymentSpec#selector',
      (object) => selectorText(object.spec.selector),
      wide,
    ),
  ],
  generation: true,
  hooks,
});
