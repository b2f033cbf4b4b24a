/** Conditions of a Job: pure. */

import type { Job, JobCondition } from '@kubelab/api/types';

/** How a Job ends; first the interim condition is written, then, when no pod runs any more, the final one. */
export interface Ending {
  type: 'Complete' | 'Failed';
  reason: string;
  message: string;
}

const interimTypes = { Complete: 'SuccessCriteriaMet', Failed: 'FailureTarget' } as const;

export function hasCondition({ status }: Job, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

export function isFinished(job: Job): boolean {
  return hasCondition(job, 'Complete') || hasCondition(job, 'Failed');
}

/** The ending that was decided in an earlier round. */
export function decidedEnding({ status }: Job): Ending | undefined {
  for (const type of ['Failed', 'Complete'] as const) {
    const interim = status?.conditions?.find((item) => item.type === interimTypes[type] && item.status === 'True');
    if (interim) return { type, reason: interim.reason ?? '', message: interim.message ?? '' };
  }
  return undefined;
}

export function withEnding(
  conditions: readonly JobCondition[],
  { type, reason, message }: Ending,
  options: { final: boolean; now: string },
): JobCondition[] {
  const interim = setCondition(conditions, { type: interimTypes[type], status: 'True', reason, message }, options.now);
  return options.final ? setCondition(interim, { type, status: 'True', reason, message }, options.now) : interim;
}

/** The list with the condition in it; the same list when it says so already. */
export function setCondition(
  conditions: readonly JobCondition[],
  next: Pick<JobCondition, 'type' | 'status' | 'reason' | 'message'>,
  now: string,
): JobCondition[] {
  const old = conditions.find(({ type }) => type === next.type);
  if (old?.status === next.status) return [...conditions];
  const condition = { ...next, lastProbeTime: now, lastTransitionTime: now };
  return old ? conditions.map((item) => (item === old ? condition : item)) : [...conditions, condition];
}
