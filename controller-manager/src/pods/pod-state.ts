/** Questions that several controllers ask about pods: pure, as upstream answers them. */

import type { Pod, PodCondition } from '@kubelab/api/types';

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

export function isPodTerminated(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Neither ended nor on its way out. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminated(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  return availableAt(pod, minReadySeconds) <= nowMs;
}

/** When the pod becomes available if it stays ready; Infinity when it is not ready. */
export function availableAt(pod: Pod, minReadySeconds: number): number {
  const ready = podCondition(pod, 'Ready');
  if (ready?.status !== 'True') return Number.POSITIVE_INFINITY;
  if (minReadySeconds === 0) return Number.NEGATIVE_INFINITY;
  return Date.parse(ready.lastTransitionTime ?? '') + minReadySeconds * 1000;
}
