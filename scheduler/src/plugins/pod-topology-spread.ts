import type { Pod, TopologySpreadConstraint } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { maxScore, type Plugin, type SchedulingContext } from '../framework.js';
import type { NodeInfo } from '../snapshot/node-info.js';
import { nodeAffinity } from './node-affinity.js';

interface Constraint {
  topologyKey: string;
  maxSkew: number;
  minDomains: number;
  matches: (labels: Record<string, string> | undefined) => boolean;
}

/** Keeps similar pods apart: as the pod asks, or softly over nodes and zones for pods of services and controllers. */
export const podTopologySpread: Plugin = {
  name: 'PodTopologySpread',
  weight: 2,
  prepare(context) {
    const all = context.pod.spec.topologySpreadConstraints ?? [];
    const hard = all
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
      .map((item) => toConstraint(item, context.pod));
    const soft = all
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
      .map((item) => toConstraint(item, context.pod));
    const wishes = all.length > 0 ? soft : defaultConstraints(context);
    if (hard.length === 0 && wishes.length === 0) return undefined;
    const filters = hard.map((constraint) => hardFilter(constraint, context));
    const scorers = wishes.map((constraint) => softScore(constraint, context));
    return {
      filter: (info) => filters.map((filter) => filter(info)).find((rejection) => rejection !== undefined),
      ...(scorers.length === 0
        ? {}
        : {
            score: (info: NodeInfo) => scorers.reduce((sum, score) => sum + score(info), 0),
            normalize: normalizeBetween,
          }),
    };
  },
};

function toConstraint(constraint: TopologySpreadConstraint, pod: Pod): Constraint {
  const selector = selectorFromLabelSelector(constraint.labelSelector ?? null);
  const own = (constraint.matchLabelKeys ?? [])
    .map((key) => [key, pod.metadata.labels?.[key]] as const)
    .filter(([, value]) => value !== undefined);
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    matches: (labels) => selector.matches(labels) && own.every(([key, value]) => labels?.[key] === value),
  };
}

/** Upstream's system defaults: skew 3 over hosts and 5 over zones, only as a wish. */
function defaultConstraints({ defaultSelectors }: SchedulingContext): Constraint[] {
  if (defaultSelectors.length === 0) return [];
  const matches: Constraint['matches'] = (labels) => defaultSelectors.every((selector) => selector.matches(labels));
  return [
    { topologyKey: 'kubernetes.io/hostname', maxSkew: 3, minDomains: 1, matches },
    { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5, minDomains: 1, matches },
  ];
}

/** Matching pods per domain, over the nodes that the pod could use by its node affinity. */
function countDomains(constraint: Constraint, context: SchedulingContext): Map<string, number> {
  const judge = nodeAffinity.prepare(context);
  const counts = new Map<string, number>();
  for (const info of context.nodes) {
    const domain = info.node.metadata.labels?.[constraint.topologyKey];
    if (domain === undefined) continue;
    if (judge && 'filter' in judge && judge.filter?.(info)) continue;
    counts.set(domain, (counts.get(domain) ?? 0) + countMatching(info, constraint, context.pod));
  }
  return counts;
}

function countMatching({ pods }: NodeInfo, { matches }: Constraint, pod: Pod): number {
  return pods.filter(
    (other) =>
      other.metadata.namespace === pod.metadata.namespace &&
      other.metadata.deletionTimestamp === undefined &&
      other.metadata.uid !== pod.metadata.uid &&
      matches(other.metadata.labels),
  ).length;
}

function hardFilter(constraint: Constraint, context: SchedulingContext) {
  const counts = countDomains(constraint, context);
  const least = counts.size < constraint.minDomains ? 0 : Math.min(...counts.values());
  const self = constraint.matches(context.pod.metadata.labels) ? 1 : 0;
  return (info: NodeInfo) => {
    const domain = info.node.metadata.labels?.[constraint.topologyKey];
    if (domain === undefined) {
      return {
        reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
        unresolvable: true,
      };
    }
    const skew = (counts.get(domain) ?? 0) + self - (Number.isFinite(least) ? least : 0);
    return skew > constraint.maxSkew
      ? { reasons: ["node(s) didn't match pod topology spread constraints"] }
      : undefined;
  };
}

/** Lower is better: pods already there, weighted by how many domains there are. */
function softScore(constraint: Constraint, context: SchedulingContext) {
  const counts = countDomains(constraint, context);
  const weight = Math.log(counts.size + 2);
  return ({ node }: NodeInfo): number => {
    const domain = node.metadata.labels?.[constraint.topologyKey];
    return domain === undefined ? 0 : (counts.get(domain) ?? 0) * weight + (constraint.maxSkew - 1);
  };
}

function normalizeBetween(scores: Map<string, number>): void {
  const max = Math.max(...scores.values());
  const min = Math.min(...scores.values());
  for (const [name, score] of scores) {
    scores.set(name, max === 0 ? maxScore : Math.floor((maxScore * (max + min - score)) / max));
  }
}
