/** When a pod has to leave a node because of NoExecute taints: pure. */

import { tolerates } from '@kubelab/api/pod/tolerations';
import type { Pod, Taint } from '@kubelab/api/types';

/** `stay`: all taints are tolerated for ever. `at`: milliseconds since the epoch. */
export type Eviction = { stay: true } | { stay: false; at: number };

/**
 * Of several tolerations of a taint the first counts. `since` is when the pod was first seen on a node with such taints: a taint that says when
 * it was added counts from then, but never from before the pod was there to suffer it.
 */
export function planEviction(pod: Pod, taints: readonly Taint[], since: number): Eviction {
  let at = Number.POSITIVE_INFINITY;
  for (const taint of taints.filter(({ effect }) => effect === 'NoExecute')) {
    const start = startOf(pod, taint, since);
    const toleration = (pod.spec.tolerations ?? []).find((candidate) => tolerates(candidate, taint));
    if (!toleration) return { stay: false, at: start };
    at = Math.min(at, start + Math.max(0, toleration.tolerationSeconds ?? Number.POSITIVE_INFINITY) * 1000);
  }
  return Number.isFinite(at) ? { stay: false, at } : { stay: true };
}

function startOf(pod: Pod, { timeAdded }: Taint, since: number): number {
  if (!timeAdded) return since;
  const boundAt = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.lastTransitionTime;
  return Math.max(Date.parse(timeAdded), Date.parse(boundAt ?? pod.metadata.creationTimestamp));
}
