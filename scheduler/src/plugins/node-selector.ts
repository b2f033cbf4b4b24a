/** Matching of node selector terms: shared by node affinity and volumes. Pure. */

import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from '@kubelab/api/types';

export function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  // An empty term matches nothing, as upstream.
  if (expressions.length === 0 && fields.length === 0) return false;
  const { labels = {} } = node.metadata;
  return (
    expressions.every((requirement) =>
      matchesRequirement(requirement, Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined),
    ) &&
    fields.every((requirement) =>
      matchesRequirement(requirement, requirement.key === 'metadata.name' ? node.metadata.name : undefined),
    )
  );
}

function matchesRequirement({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt':
      return compareNumbers(operator, value, values[0]);
    default:
      return false;
  }
}

function compareNumbers(operator: 'Gt' | 'Lt', value: string | undefined, limit: string | undefined): boolean {
  if (!/^-?\d+$/.test(value ?? '') || !/^-?\d+$/.test(limit ?? '')) return false;
  return operator === 'Gt' ? Number(value) > Number(limit) : Number(value) < Number(limit);
}
