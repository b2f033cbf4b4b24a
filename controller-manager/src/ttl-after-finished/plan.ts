/** When a finished Job may go: pure. */

import type { Job } from '@kubelab/api/types';

/** Milliseconds until spec.ttlSecondsAfterFinished have passed, 0 when they have; undefined: never. */
export function untilExpired({ metadata, spec, status }: Job, nowMs: number): number | undefined {
  if (spec.ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp) return undefined;
  const end = status?.conditions?.find(
    (condition) => (condition.type === 'Complete' || condition.type === 'Failed') && condition.status === 'True',
  );
  if (!end?.lastTransitionTime) return undefined;
  return Math.max(0, Date.parse(end.lastTransitionTime) + spec.ttlSecondsAfterFinished * 1000 - nowMs);
}
