import { maxScore, type Plugin } from '../framework.js';
import type { NodeInfo } from '../snapshot/node-info.js';
import { podRequests, type Resources } from '../snapshot/resources.js';

const defaultMaxPods = 110;

/** Enough of everything that is asked for; among those that have it, the emptier node (LeastAllocated over CPU and memory). */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  prepare({ pod }) {
    const { requests, scoring } = podRequests(pod);
    return {
      filter: (info) => {
        const reasons = insufficient(requests, info);
        if (reasons.length === 0) return undefined;
        const unresolvable = Object.entries(requests).some(([name, value]) => value > (info.allocatable[name] ?? 0));
        return { reasons, unresolvable };
      },
      score: (info) => {
        const scores = ['cpu', 'memory'].map((name) => freeShare(name, scoring, info));
        return Math.floor((scores.reduce((sum, score) => sum + score, 0) / scores.length) * maxScore);
      },
    };
  },
};

function insufficient(requests: Resources, { allocatable, requested, pods }: NodeInfo): string[] {
  const reasons = pods.length + 1 > (allocatable['pods'] ?? defaultMaxPods) ? ['Too many pods'] : [];
  for (const [name, value] of Object.entries(requests)) {
    if (value > 0 && value > (allocatable[name] ?? 0) - (requested[name] ?? 0)) reasons.push(`Insufficient ${name}`);
  }
  return reasons;
}

function freeShare(name: string, scoring: Resources, info: NodeInfo): number {
  const capacity = info.allocatable[name] ?? 0;
  const used = (info.scoringRequested[name] ?? 0) + (scoring[name] ?? 0);
  return capacity === 0 || used > capacity ? 0 : (capacity - used) / capacity;
}

/** Prefers nodes whose CPU and memory would be used to a similar degree. */
export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  prepare({ pod }) {
    const { requests } = podRequests(pod);
    // Pods that ask for nothing balance nothing (upstream skips them too).
    if (Object.keys(requests).length === 0) return undefined;
    return {
      score: (info) => {
        const [cpu = 0, memory = 0] = ['cpu', 'memory'].map((name) => {
          const capacity = info.allocatable[name] ?? 0;
          const used = (info.requested[name] ?? 0) + (requests[name] ?? 0);
          return capacity === 0 ? 0 : Math.min(1, used / capacity);
        });
        return Math.floor((1 - Math.abs(cpu - memory) / 2) * maxScore);
      },
    };
  },
};
