/** core/v1 ResourceQuota. */
import { type FieldError, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { isQualifiedName } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import { clearStatus, keepStatus } from '../status.js';
import type { ResourceQuota, ResourceQuotaSpec } from '../types.js';
import { validateEach } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { isNativeResource, validateResourceQuantity } from '../validation/resource-quantities.js';

const computeResources = ['cpu', 'memory', 'ephemeral-storage', 'storage'];
const standardResources = new Set([
  ...computeResources,
  ...computeResources.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  'pods',
  'services',
  'services.nodeports',
  'services.loadbalancers',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
]);
const scopes = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
];

/** `cpu: 1/2, memory: 1Gi/4Gi`, of the resources that `wanted` picks. */
function usage(quota: ResourceQuota, wanted: (name: string) => boolean): string {
  const { hard = {}, used = {} } = quota.status ?? {};
  return Object.keys(hard)
    .filter(wanted)
    .sort()
    .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}

const isLimit = (name: string): boolean => name.startsWith('limits.');

function validateQuota(quota: ResourceQuota): FieldError[] {
  const spec = quota.spec ?? {};
  return [
    ...validateObjectMeta(quota.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateHard(spec.hard ?? {}, 'spec.hard'),
    ...validateScopes(spec),
  ];
}

function validateHard(hard: Record<string, string>, path: string): FieldError[] {
  return Object.entries(hard).flatMap(([name, amount]) => [
    ...validateName(name, `${path}[${name}]`),
    ...validateResourceQuantity(name, amount, `${path}[${name}]`),
  ]);
}

function validateName(name: string, path: string): FieldError[] {
  const problems = isQualifiedName(name);
  if (problems.length > 0) return problems.map((problem) => invalid(path, name, problem));
  const known = !isNativeResource(name) || name.includes('/') || standardResources.has(name);
  if (known || /^(requests\.)?hugepages-/.test(name)) return [];
  return [invalid(path, name, 'must be a standard resource for quota')];
}

function validateScopes(spec: ResourceQuotaSpec): FieldError[] {
  const errors = validateEach(spec.scopes, 'spec.scopes', (scope) =>
    scopes.includes(scope) ? [] : [invalid('spec.scopes', spec.scopes, 'unsupported scope')],
  );
  if (spec.scopes?.includes('BestEffort') && spec.scopes.includes('NotBestEffort')) {
    errors.push(invalid('spec.scopes', spec.scopes, 'conflicting scopes'));
  }
  if (spec.scopes?.includes('Terminating') && spec.scopes.includes('NotTerminating')) {
    errors.push(invalid('spec.scopes', spec.scopes, 'conflicting scopes'));
  }
  const expressions = 'spec.scopeSelector.matchExpressions';
  errors.push(
    ...validateEach(spec.scopeSelector?.matchExpressions, expressions, ({ operator, scopeName, values }, at) => {
      if (!scopes.includes(scopeName)) return [invalid(`${at}.scopeName`, scopeName ?? '', 'unsupported scope')];
      const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
      if (!operators.includes(operator)) return [notSupported(`${at}.operator`, operator ?? '', operators)];
      const needsValues = operator === 'In' || operator === 'NotIn';
      if (needsValues && !values?.length) {
        const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
        return [required(`${at}.values`, why)];
      }
      return [];
    }),
  );
  return errors;
}

function validateQuotaUpdate(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const errors = [...validateObjectMetaUpdate(quota, old), ...validateQuota(quota)];
  if (!deepEqual(quota.spec?.scopes ?? [], old.spec?.scopes ?? [])) {
    errors.push(invalid('spec.scopes', quota.spec?.scopes ?? [], 'field is immutable'));
  }
  return errors;
}

const hooks: KindHooks<ResourceQuota> = {
  default(quota) {
    quota.spec ??= {};
    quota.status ??= {};
  },
  prepareForCreate: (quota) => clearStatus(quota, {}),
  prepareForUpdate: keepStatus,
  validate: validateQuota,
  validateUpdate: validateQuotaUpdate,
  validateStatusUpdate: (quota, old) => [
    ...validateObjectMetaUpdate(quota, old),
    ...validateHard(quota.status?.hard ?? {}, 'status.hard'),
    ...validateHard(quota.status?.used ?? {}, 'status.used'),
  ],
};

export const resourceQuota = defineKind<ResourceQuota>({
  in: coreV1,
  kind: 'ResourceQuota',
  shortNames: ['quota'],
  storagePath: 'resourcequotas',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<ResourceQuota>(),
    column<ResourceQuota>(
      'Request',
      'Request represents a minimum amount of cpu/memory that a container may consume.',
      (quota) => usage(quota, (name) => !isLimit(name)),
    ),
    column<ResourceQuota>(
      'Limit',
      'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
      (quota) => usage(quota, isLimit),
    ),
    ageColumn<ResourceQuota>(),
  ],
  hooks,
});
