/** Which pod goes first, and what it is told. Pure. */
import type { Pod } from '@kubelab/api/types';
import { bytesOf } from '../containers/amounts.js';
import { podRequests } from '../pods/pod-requests.js';
import { isStaticPod } from '../static-pods/mirror.js';
import { absolute, type Observations, resourceOf, type Threshold } from './thresholds.js';

/** What a pod uses. Bytes and numbers. */
export interface PodConsumption {
  memory: number;
  /** Writable layers, logs and emptyDir volumes on disk. */
  storage: number;
  inodes: number;
  processes: number;
  containers: { name: string; memory: number; storage: number }[];
}

export interface Candidate {
  pod: Pod;
  usage: PodConsumption;
}

const systemCriticalPriority = 2_000_000_000;

/** Pods that the node cannot do without. */
export function isCritical(pod: Pod): boolean {
  return isStaticPod(pod) || (pod.spec.priority ?? 0) >= systemCriticalPriority;
}

type Order = (a: Candidate, b: Candidate) => number;

/** Upstream's ranking: those that use more than they asked for, then by priority, then by how much more. */
export function rank(candidates: readonly Candidate[], signal: Threshold['signal']): Candidate[] {
  const resource = resourceOf(signal);
  const byPriority: Order = (a, b) => (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0);
  if (resource === 'pids') return sorted(candidates, [byPriority, (a, b) => b.usage.processes - a.usage.processes]);
  if (resource === 'inodes') return sorted(candidates, [byPriority, (a, b) => b.usage.inodes - a.usage.inodes]);
  const over = ({ pod, usage }: Candidate): number => {
    const request = podRequests(pod).get(resource)?.value() ?? 0;
    return (resource === 'memory' ? usage.memory : usage.storage) - request;
  };
  const exceeding: Order = (a, b) => Number(over(b) > 0) - Number(over(a) > 0);
  return sorted(candidates, [exceeding, byPriority, (a, b) => over(b) - over(a)]);
}

function sorted(candidates: readonly Candidate[], orders: Order[]): Candidate[] {
  return [...candidates].sort((a, b) => {
    for (const order of orders) {
      const difference = order(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

/** Upstream's sentence on an evicted pod. */
export function evictionMessage({ pod, usage }: Candidate, threshold: Threshold, seen: Observations): string {
  const resource = resourceOf(threshold.signal);
  const now = seen[threshold.signal];
  const parts = [`The node was low on resource: ${resource}. `];
  if (now) {
    const limit = binaryQuantity(Math.floor(absolute(threshold.limit, now.capacity)));
    parts.push(`Threshold quantity: ${limit}, available: ${binaryQuantity(now.available)}. `);
  }
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return parts.join('');
  for (const container of usage.containers) {
    const spec = pod.spec.containers.find(({ name }) => name === container.name);
    const request = spec?.resources?.requests?.[resource];
    const used = resource === 'memory' ? container.memory : container.storage;
    if (!spec || used <= bytesOf(request)) continue;
    parts.push(
      `Container ${container.name} was using ${binaryQuantity(used)}, request is ${request ?? '0'}, has larger consumption of ${resource}. `,
    );
  }
  return parts.join('');
}

/** As a Quantity of binary format prints: the largest unit that divides it. */
export function binaryQuantity(bytes: number): string {
  let value = Math.max(0, Math.floor(bytes));
  let unit = 0;
  while (value !== 0 && value % 1024 === 0 && unit < 4) {
    value /= 1024;
    unit += 1;
  }
  return `${value}${['', 'Ki', 'Mi', 'Gi', 'Ti'][unit]}`;
}
