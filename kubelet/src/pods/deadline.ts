/** activeDeadlineSeconds. Pure. */
import type { Pod } from '@kubelab/api/types';
import { isTerminalPhase } from './pod.js';
import type { PodVerdict } from './status.js';

/** When the pod's time is over, milliseconds since the epoch; undefined when it has as long as it likes. `startTime`: as the kubelet knows it. */
export function deadlineOf(pod: Pod, startTime: string | undefined): number | undefined {
  const seconds = pod.spec.activeDeadlineSeconds;
  const since = startTime ?? pod.status?.startTime;
  return seconds === undefined || since === undefined ? undefined : Date.parse(since) + seconds * 1000;
}

export function deadlineVerdict(pod: Pod, startTime: string | undefined, now: number): PodVerdict | undefined {
  const at = deadlineOf(pod, startTime);
  if (at === undefined || now < at || isTerminalPhase(pod.status)) return undefined;
  return {
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  };
}
