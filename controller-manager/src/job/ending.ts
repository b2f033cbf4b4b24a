/** Whether a Job is over, and why: pure. */

import type { Job, Pod } from '@kubelab/api/types';
import type { Account } from './accounting.js';
import { decidedEnding, type Ending } from './conditions.js';
import { judgeFailure } from './failure-policy.js';
import { parseIndexes } from './indexes.js';
import { hasFailed, isIndexed, restartsExceed } from './job-pods.js';

export interface EndingFacts {
  job: Job;
  pods: readonly Pod[];
  account: Account;
  active: number;
  nowMs: number;
}

export function findEnding(facts: EndingFacts): Ending | undefined {
  return decidedEnding(facts.job) ?? findFailure(facts) ?? findSuccess(facts);
}

function failed(reason: string, message: string): Ending {
  return { type: 'Failed', reason, message };
}

function findFailure({ job, pods, account, nowMs }: EndingFacts): Ending | undefined {
  const { spec } = job;
  for (const pod of pods.filter((candidate) => hasFailed(job, candidate))) {
    const verdict = judgeFailure(job, pod);
    if (verdict.action === 'FailJob') return failed('PodFailurePolicy', verdict.message);
  }
  const limit = spec.backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1);
  if (account.failed > limit || restartsExceed(job, pods))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  const left = untilDeadline(job, nowMs);
  if (left !== undefined && left <= 0)
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  return findIndexFailure(job, account);
}

function findIndexFailure({ spec }: Job, { failedIndexes, succeededIndexes }: Account): Ending | undefined {
  if (failedIndexes.size === 0) return undefined;
  if (spec.maxFailedIndexes !== undefined && failedIndexes.size > spec.maxFailedIndexes)
    return failed('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  const settled = failedIndexes.size + succeededIndexes.size >= (spec.completions ?? 0);
  return settled ? failed('FailedIndexes', 'Job has failed indexes') : undefined;
}

function findSuccess({ job, account, active }: EndingFacts): Ending | undefined {
  const rule = matchSuccessPolicy(job, account);
  if (rule !== undefined)
    return { type: 'Complete', reason: 'SuccessPolicy', message: `Matched rules at index ${rule}` };
  const { completions } = job.spec;
  // Without completions the first success is enough, but those that still run may finish.
  const done =
    completions === undefined
      ? account.succeeded > 0 && active === 0
      : account.succeeded >= completions && active === 0;
  if (!done) return undefined;
  return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
}

/** The number of the first rule of spec.successPolicy that is met. */
function matchSuccessPolicy(job: Job, { succeededIndexes }: Account): number | undefined {
  if (!isIndexed(job)) return undefined;
  const found = (job.spec.successPolicy?.rules ?? []).findIndex((rule) => {
    if (rule.succeededIndexes === undefined)
      return succeededIndexes.size >= (rule.succeededCount ?? Number.POSITIVE_INFINITY);
    const wanted = [...parseIndexes(rule.succeededIndexes, job.spec.completions ?? 0)];
    return wanted.filter((index) => succeededIndexes.has(index)).length >= (rule.succeededCount ?? wanted.length);
  });
  return found < 0 ? undefined : found;
}

/** Milliseconds until activeDeadlineSeconds have passed; undefined without a deadline, before the start and while suspended. */
export function untilDeadline({ spec, status }: Job, nowMs: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || spec.suspend || !status?.startTime) return undefined;
  return Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000 - nowMs;
}
