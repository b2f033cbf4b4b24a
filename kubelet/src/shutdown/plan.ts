/** In which order the pods of a node that shuts down end, and how long each group gets: upstream's graceful node shutdown. Pure. */
import type { Pod } from '@kubelab/api/types';
import { gracePeriodOf } from '../pods/pod.js';

export interface ShutdownPolicy {
  /** --shutdown-grace-period: how long the node waits for its pods altogether. */
  totalMs: number;
  /** --shutdown-grace-period-critical-pods: the part of it that critical pods have for themselves. */
  criticalMs: number;
}

export interface ShutdownGroup {
  /** The next group begins after this at the latest. */
  periodMs: number;
  pods: { pod: Pod; graceSeconds: number }[];
}

/** Upstream's SystemCriticalPriority. */
const systemCriticalPriority = 2_000_000_000;

/** Regular pods first, critical ones after them; no pod gets more than what its group has. */
export function planShutdown(pods: readonly Pod[], { totalMs, criticalMs }: ShutdownPolicy): ShutdownGroup[] {
  const isCritical = (pod: Pod): boolean => (pod.spec.priority ?? 0) >= systemCriticalPriority;
  const group = (members: Pod[], periodMs: number): ShutdownGroup => ({
    periodMs,
    pods: members.map((pod) => ({ pod, graceSeconds: Math.min(gracePeriodOf(pod), Math.floor(periodMs / 1000)) })),
  });
  return [
    group(
      pods.filter((pod) => !isCritical(pod)),
      totalMs - criticalMs,
    ),
    group(pods.filter(isCritical), criticalMs),
  ].filter(({ pods: members }) => members.length > 0);
}

export const shutdownReason = 'Terminated';
export const shutdownMessage = 'Pod was terminated in response to imminent node shutdown.';
export const shutdownRejection = {
  reason: 'NodeShutdown',
  message: 'Pod was rejected as the node is shutting down.',
};
export const shutdownProblem = 'node is shutting down';
