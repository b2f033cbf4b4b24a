/** How far a StatefulSet's pod is: pure. */

import type { Pod, StatefulSet } from '@kubelab/api/types';
import { revisionLabel } from '../history/revisions.js';
import { isPodAvailable, isPodReady, isPodTerminated } from '../pods/pod-state.js';

export const hasEnded = isPodTerminated;

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod);
}

export function isRunningAndAvailable(set: StatefulSet, pod: Pod, nowMs: number): boolean {
  return isRunningAndReady(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
}

export function isHealthy(pod: Pod): boolean {
  return isRunningAndReady(pod) && !isTerminating(pod);
}

/** Name of the revision that the pod was made from. */
export function revisionOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[revisionLabel];
}
