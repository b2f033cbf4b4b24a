/** The rules of a ClusterRole that is put together from others: pure. */

import type { ClusterRole, PolicyRule } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';

/** Undefined when the role is not put together, or has the right rules already. */
export function planAggregation(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] | undefined {
  if (!role.aggregationRule) return undefined;
  const selectors = (role.aggregationRule.clusterRoleSelectors ?? []).map(selectorFromLabelSelector);
  const byName = [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules: PolicyRule[] = [];
  // In the order of the selectors, then of the names; a rule that is there already is not repeated.
  for (const selector of selectors) {
    for (const other of byName) {
      if (other.metadata.name === role.metadata.name || !selector.matches(other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
    }
  }
  return deepEqual(rules, role.rules ?? []) ? undefined : rules;
}
