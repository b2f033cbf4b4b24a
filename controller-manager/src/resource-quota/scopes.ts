/** Which pods a quota with scopes is about: pure. */

import type { Pod, ResourceQuota, ScopedResourceSelectorRequirement } from '@kubelab/api/types';
import { podAmounts } from './usage.js';

export function hasScopes({ spec }: ResourceQuota): boolean {
  return requirementsOf(spec).length > 0;
}

function requirementsOf(spec: ResourceQuota['spec']): ScopedResourceSelectorRequirement[] {
  return [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
}

export function isPodInScope({ spec }: ResourceQuota, pod: Pod): boolean {
  return requirementsOf(spec).every((requirement) => matches(requirement, pod));
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

function crossesNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const preferred = (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      (item) => item.podAffinityTerm,
    );
    const terms = [...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...preferred];
    return terms.some(
      ({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined,
    );
  });
}
