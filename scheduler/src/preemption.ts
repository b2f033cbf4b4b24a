/** Which pods of lower priority would have to go so that a pod fits: pure. */

import type { Pod, PodDisruptionBudget } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import type { NodeJudge, Plugin, Rejection, SchedulingContext } from './framework.js';
import { filterNode } from './select-node.js';
import { type NodeInfo, withoutPod, withPod } from './snapshot/node-info.js';

export interface Preemption {
  nodeName: string;
  victims: Pod[];
}

interface Candidate extends Preemption {
  violations: number;
}

export type PreemptionResult = { preemption: Preemption } | { message: string };

/** `rejections` are those of the failed attempt. */
export function planPreemption(
  context: SchedulingContext,
  plugins: readonly Plugin[],
  rejections: ReadonlyMap<string, Rejection>,
  budgets: readonly PodDisruptionBudget[],
): PreemptionResult {
  const total = context.nodes.length;
  const prefix = `preemption: 0/${total} nodes are available: `;
  if (context.pod.spec.preemptionPolicy === 'Never')
    return { message: 'preemption: not eligible due to preemptionPolicy=Never.' };
  let unhelpful = 0;
  const candidates: Candidate[] = [];
  for (const info of context.nodes) {
    const rejection = rejections.get(info.node.metadata.name);
    if (!rejection || rejection.unresolvable) unhelpful++;
    else {
      const candidate = planNode(info, context, plugins, budgets);
      if (candidate) candidates.push(candidate);
    }
  }
  const best = candidates.sort(compareCandidates)[0];
  if (best) return { preemption: best };
  const parts = [
    ...(total - unhelpful > 0 ? [`${total - unhelpful} No preemption victims found for incoming pod`] : []),
    ...(unhelpful > 0 ? [`${unhelpful} Preemption is not helpful for scheduling`] : []),
  ];
  return { message: `${prefix}${parts.sort().join(', ')}.` };
}

/** Takes away every pod of lower priority, then gives back as many as possible, the most important first. */
function planNode(
  info: NodeInfo,
  context: SchedulingContext,
  plugins: readonly Plugin[],
  budgets: readonly PodDisruptionBudget[],
): Candidate | undefined {
  const priority = priorityOf(context.pod);
  const lower = info.pods.filter((pod) => priorityOf(pod) < priority);
  if (lower.length === 0) return undefined;
  let current = lower.reduce(withoutPod, info);
  if (!fits(current, context, plugins)) return undefined;
  const violating = new Set(findViolations(lower, budgets));
  const order = [...lower].sort(
    (a, b) => Number(violating.has(b)) - Number(violating.has(a)) || compareImportance(a, b),
  );
  const victims: Pod[] = [];
  for (const pod of order) {
    const withIt = withPod(current, pod);
    if (fits(withIt, context, plugins)) current = withIt;
    else victims.push(pod);
  }
  return { nodeName: info.node.metadata.name, victims, violations: victims.filter((pod) => violating.has(pod)).length };
}

function fits(info: NodeInfo, context: SchedulingContext, plugins: readonly Plugin[]): boolean {
  const nodes = context.nodes.map((other) => (other.node.metadata.name === info.node.metadata.name ? info : other));
  const judges: NodeJudge[] = [];
  for (const plugin of plugins) {
    const judge = plugin.prepare({ ...context, nodes });
    if (!judge) continue;
    if ('rejection' in judge) return false;
    judges.push(judge);
  }
  return filterNode(info, judges) === undefined;
}

/** Pods whose loss a disruption budget does not allow any more. */
function findViolations(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): Pod[] {
  const allowed = new Map(budgets.map((budget) => [budget, budget.status?.disruptionsAllowed ?? 0]));
  return pods.filter((pod) => {
    const mine = budgets.filter(
      (budget) =>
        budget.metadata.namespace === pod.metadata.namespace &&
        selectorFromLabelSelector(budget.spec.selector ?? null).matches(pod.metadata.labels),
    );
    for (const budget of mine) allowed.set(budget, (allowed.get(budget) ?? 0) - 1);
    return mine.some((budget) => (allowed.get(budget) ?? 0) < 0);
  });
}

function compareImportance(a: Pod, b: Pod): number {
  return priorityOf(b) - priorityOf(a) || (a.status?.startTime ?? '').localeCompare(b.status?.startTime ?? '');
}

/** Upstream's order: fewest budget violations, lowest top priority, lowest sum, fewest victims, youngest victims. */
function compareCandidates(a: Candidate, b: Candidate): number {
  const top = ({ victims }: Candidate): number => Math.max(...victims.map(priorityOf), Number.NEGATIVE_INFINITY);
  const sum = ({ victims }: Candidate): number => victims.reduce((total, pod) => total + priorityOf(pod) + 2 ** 31, 0);
  const earliest = ({ victims }: Candidate): string =>
    victims.map((pod) => pod.status?.startTime ?? '').sort()[0] ?? '';
  return (
    a.violations - b.violations ||
    top(a) - top(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    earliest(b).localeCompare(earliest(a))
  );
}

function priorityOf(pod: Pod): number {
  return pod.spec.priority ?? 0;
}
