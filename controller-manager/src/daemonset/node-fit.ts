/** Whether a DaemonSet's pod belongs on a node: name, affinity, taints. Pure. */

import { tolerates } from '@kubelab/api/pod/tolerations';
import type { DaemonSet, Node, NodeSelectorRequirement, NodeSelectorTerm, Taint, Toleration } from '@kubelab/api/types';
import { matchesRequirement, type SelectorOperator, selectorFromSet } from '@kubelab/apimachinery/labels';
import { daemonTolerations } from './pod-template.js';

export interface NodeFit {
  /** A pod should be made there. */
  run: boolean;
  /** A pod that is there already may stay. */
  keep: boolean;
}

export function nodeFit({ spec }: DaemonSet, node: Node): NodeFit {
  const podSpec = spec.template.spec;
  const misplaced = podSpec?.nodeName !== undefined && podSpec.nodeName !== node.metadata.name;
  if (misplaced || !matchesSelector(podSpec?.nodeSelector, node) || !matchesAffinity(spec, node))
    return { run: false, keep: false };
  const tolerations = daemonTolerations(podSpec);
  const untolerated = (effects: readonly string[]): boolean =>
    (node.spec.taints ?? []).some((taint) => effects.includes(taint.effect) && !isTolerated(taint, tolerations));
  // NoSchedule keeps new pods away, only NoExecute drives out.
  return { run: !untolerated(['NoSchedule', 'NoExecute']), keep: !untolerated(['NoExecute']) };
}

function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}

function matchesSelector(nodeSelector: Record<string, string> | undefined, node: Node): boolean {
  return selectorFromSet(nodeSelector ?? {}).matches(node.metadata.labels);
}

function matchesAffinity(spec: DaemonSet['spec'], node: Node): boolean {
  const required = spec.template.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || (required.nodeSelectorTerms ?? []).some((term) => matchesTerm(term, node));
}

/** A term that demands nothing matches nothing. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const fields = { 'metadata.name': node.metadata.name };
  return (
    matchExpressions.every((requirement) => matches(requirement, node.metadata.labels)) &&
    matchFields.every((requirement) => matches(requirement, fields))
  );
}

const operators: Readonly<Record<string, SelectorOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
};

function matches(
  { key, operator, values = [] }: NodeSelectorRequirement,
  labels: Record<string, string> | undefined,
): boolean {
  const known = operators[operator];
  return known !== undefined && matchesRequirement({ key, operator: known, values }, labels);
}
