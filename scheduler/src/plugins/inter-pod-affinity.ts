import type { LabelSelector, Pod, PodAffinityTerm } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { maxScore, type Plugin, type SchedulingContext } from '../framework.js';
import type { NodeInfo } from '../snapshot/node-info.js';

interface Term {
  topologyKey: string;
  matches: (pod: Pod) => boolean;
}

const hardAffinityWeight = 1;

/** Pods that want to be near or far from other pods, and pods already running that want this one far away. */
export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  weight: 2,
  prepare(context) {
    const affinity = required(context.pod, 'podAffinity').map((term) => toTerm(term, context.pod, context));
    const anti = required(context.pod, 'podAntiAffinity').map((term) => toTerm(term, context.pod, context));
    const repelled = repellingDomains(context);
    const scores = preferredDomains(context);
    if (affinity.length === 0 && anti.length === 0 && repelled.size === 0 && scores.size === 0) return undefined;
    const near = affinity.map((term) => ({ term, domains: domainsWith(context, term.matches) }));
    const far = anti.map((term) => domainsWith(context, term.matches, term.topologyKey));
    return {
      filter: (info) => {
        if (!near.every(({ term, domains }) => isNear(info, term, domains, affinity, context.pod))) {
          return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true };
        }
        if (far.some((domains) => inAny(info, domains)))
          return { reasons: ["node(s) didn't match pod anti-affinity rules"] };
        if (inAny(info, repelled)) return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] };
        return undefined;
      },
      ...(scores.size === 0 ? {} : { score: (info: NodeInfo) => scoreOf(info, scores), normalize: normalizeSpan }),
    };
  },
};

function required(pod: Pod, kind: 'podAffinity' | 'podAntiAffinity'): PodAffinityTerm[] {
  return pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** `owner` is the pod whose spec holds the term: its namespace is the default one. */
function toTerm(term: PodAffinityTerm, owner: Pod, context: SchedulingContext): Term {
  const selector = selectorFromLabelSelector(withLabelKeys(term, owner));
  const namespaces = new Set(term.namespaces ?? []);
  const namespaceSelector = term.namespaceSelector ? selectorFromLabelSelector(term.namespaceSelector) : undefined;
  if (namespaces.size === 0 && !namespaceSelector) namespaces.add(owner.metadata.namespace ?? '');
  return {
    topologyKey: term.topologyKey,
    matches: (pod) => {
      const namespace = pod.metadata.namespace ?? '';
      const inNamespace =
        namespaces.has(namespace) || namespaceSelector?.matches(context.namespace(namespace)?.metadata.labels) === true;
      return inNamespace && selector.matches(pod.metadata.labels);
    },
  };
}

function withLabelKeys(term: PodAffinityTerm, owner: Pod): LabelSelector | null {
  if (!term.labelSelector) return null;
  const expression = (key: string, operator: 'In' | 'NotIn') => {
    const value = owner.metadata.labels?.[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  };
  const added = [
    ...(term.matchLabelKeys ?? []).flatMap((key) => expression(key, 'In')),
    ...(term.mismatchLabelKeys ?? []).flatMap((key) => expression(key, 'NotIn')),
  ];
  return { ...term.labelSelector, matchExpressions: [...(term.labelSelector.matchExpressions ?? []), ...added] };
}

/** `key=value` of every topology domain that holds a matching pod; only of `topologyKey` when given. */
function domainsWith({ nodes }: SchedulingContext, matches: (pod: Pod) => boolean, topologyKey?: string): Set<string> {
  const domains = new Set<string>();
  for (const { node, pods } of nodes) {
    if (!pods.some(matches)) continue;
    for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
      if (topologyKey === undefined || key === topologyKey) domains.add(`${key}=${value}`);
    }
  }
  return domains;
}

function isNear({ node }: NodeInfo, term: Term, domains: Set<string>, all: Term[], pod: Pod): boolean {
  const value = node.metadata.labels?.[term.topologyKey];
  if (value === undefined) return false;
  if (domains.has(`${term.topologyKey}=${value}`)) return true;
  // The first pod of a group that wants to be near itself may go anywhere.
  return domains.size === 0 && all.every((other) => other.matches(pod));
}

function inAny({ node }: NodeInfo, domains: Set<string>): boolean {
  if (domains.size === 0) return false;
  return Object.entries(node.metadata.labels ?? {}).some(([key, value]) => domains.has(`${key}=${value}`));
}

/** Domains closed to this pod by the anti-affinity of pods that run there. */
function repellingDomains(context: SchedulingContext): Set<string> {
  const domains = new Set<string>();
  for (const { node, pods } of context.nodes) {
    for (const other of pods) {
      for (const term of required(other, 'podAntiAffinity')) {
        const value = node.metadata.labels?.[term.topologyKey];
        if (value !== undefined && toTerm(term, other, context).matches(context.pod))
          domains.add(`${term.topologyKey}=${value}`);
      }
    }
  }
  return domains;
}

function preferredDomains(context: SchedulingContext): Map<string, number> {
  const scores = new Map<string, number>();
  const add = (info: NodeInfo, key: string, weight: number): void => {
    const value = info.node.metadata.labels?.[key];
    if (value !== undefined) scores.set(`${key}=${value}`, (scores.get(`${key}=${value}`) ?? 0) + weight);
  };
  const own = weighted(context.pod).map(({ weight, term }) => ({ weight, term: toTerm(term, context.pod, context) }));
  for (const info of context.nodes) {
    for (const other of info.pods) {
      for (const { weight, term } of own) if (term.matches(other)) add(info, term.topologyKey, weight);
      for (const { weight, term } of [...weighted(other), ...hardAsWeighted(other)]) {
        if (toTerm(term, other, context).matches(context.pod)) add(info, term.topologyKey, weight);
      }
    }
  }
  return scores;
}

function weighted(pod: Pod): { weight: number; term: PodAffinityTerm }[] {
  const near = pod.spec.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const far = pod.spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...near.map(({ weight, podAffinityTerm }) => ({ weight, term: podAffinityTerm })),
    ...far.map(({ weight, podAffinityTerm }) => ({ weight: -weight, term: podAffinityTerm })),
  ];
}

function hardAsWeighted(pod: Pod): { weight: number; term: PodAffinityTerm }[] {
  return required(pod, 'podAffinity').map((term) => ({ weight: hardAffinityWeight, term }));
}

function scoreOf({ node }: NodeInfo, scores: Map<string, number>): number {
  return Object.entries(node.metadata.labels ?? {}).reduce(
    (sum, [key, value]) => sum + (scores.get(`${key}=${value}`) ?? 0),
    0,
  );
}

function normalizeSpan(scores: Map<string, number>): void {
  const max = Math.max(...scores.values());
  const min = Math.min(...scores.values());
  for (const [name, score] of scores)
    scores.set(name, max === min ? 0 : Math.floor((maxScore * (score - min)) / (max - min)));
}
