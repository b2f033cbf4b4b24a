/** Which quotas are about an object: scopes and scope selectors. Pure. */

import type { GroupResource, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { podAmounts } from '../pod/resource-amounts.js';
import type { Pod, ResourceQuota, ScopedResourceSelectorRequirement } from '../types.js';

/** Quotas with scopes count pods (and claims never). */
export function isInScope(quota: ResourceQuota, resource: GroupResource, object: UnstructuredObject): boolean {
  if (!hasScopes(quota)) return true;
  if (resource.group !== '' || resource.resource !== 'pods') return false;
  return isPodInScope(quota, object as unknown as Pod);
}

export function hasScopes(quota: ResourceQuota): boolean {
  return requirementsOf(quota).length > 0;
}

export function isPodInScope(quota: ResourceQuota, pod: Pod): boolean {
  return requirementsOf(quota).every((requirement) => matches(requirement, pod));
}

function requirementsOf({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  return [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
}

function matches(requirement: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  const seconds = pod.spec.activeDeadlineSeconds;
  switch (requirement.scopeName) {
    case 'Terminating':
      return seconds !== undefined && seconds >= 0;
    case 'NotTerminating':
      return seconds === undefined;
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return matchesClass(requirement, pod.spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

function isBestEffort(pod: Pod): boolean {
  return (['requests', 'limits'] as const).every((side) => {
    const amounts = podAmounts(pod, side);
    return ['cpu', 'memory'].every((name) => amounts.get(name)?.isZero() ?? true);
  });
}

function matchesClass({ operator, values = [] }: ScopedResourceSelectorRequirement, name: string): boolean {
  switch (operator) {
    case 'In':
      return values.includes(name);
    case 'NotIn':
      return !values.includes(name);
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    default:
      return false;
  }
}

function crossesNamespaces(pod: Pod): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const preferred = (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      (term) => term.podAffinityTerm,
    );
    const terms = [...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...preferred];
    return terms.some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined);
  });
}
