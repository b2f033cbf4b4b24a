/**
 * Counting a Job's ended pods exactly once, whatever fails in between: pure. An ended pod is first noted in status.uncountedTerminatedPods, then
 * loses its finalizer, and is then counted and forgotten.
 */

import type { Job, JobStatus, Pod } from '@kubelab/api/types';
import { judgeFailure } from './failure-policy.js';
import { formatIndexes, parseIndexes } from './indexes.js';
import { completionIndex, hasFailed, hasSucceeded, indexFailures, isIndexed, isTracked } from './job-pods.js';

/** No more than this many pods are noted in one round. */
const longestNote = 500;

export interface Account {
  succeeded: number;
  failed: number;
  /** Of an Indexed Job. */
  succeededIndexes: Set<number>;
  failedIndexes: Set<number>;
  /** Uids to note before their finalizers go. */
  uncounted: { succeeded: string[]; failed: string[] };
  /** Ended pods whose finalizers may go once the above is written. */
  release: Pod[];
}

/** `ending`: the Job is over, so whatever still runs is about to be a failure. */
export function account(job: Job, pods: readonly Pod[], options: { over: boolean }): Account {
  const { status } = job;
  const completions = job.spec.completions ?? 0;
  const result: Account = {
    succeeded: 0,
    failed: 0,
    succeededIndexes: isIndexed(job) ? parseIndexes(status?.completedIndexes, completions) : new Set(),
    failedIndexes: isIndexed(job) ? parseIndexes(status?.failedIndexes, completions) : new Set(),
    uncounted: {
      succeeded: [...(status?.uncountedTerminatedPods?.succeeded ?? [])],
      failed: [...(status?.uncountedTerminatedPods?.failed ?? [])],
    },
    release: [],
  };
  const tracked = pods.filter(isTracked);
  for (const pod of tracked.filter(hasSucceeded)) noteSuccess(job, pod, result);
  noteFailedIndexes(job, tracked, result);
  for (const pod of tracked) {
    const failed = !hasSucceeded(pod) && (hasFailed(job, pod) || (options.over && !isRunning(pod)));
    if (failed) noteFailure(job, pod, pods, result);
    if (result.uncounted.succeeded.length + result.uncounted.failed.length >= longestNote) break;
  }
  result.succeeded = isIndexed(job)
    ? result.succeededIndexes.size
    : (status?.succeeded ?? 0) + result.uncounted.succeeded.length;
  result.failed = (status?.failed ?? 0) + result.uncounted.failed.length;
  return result;
}

function isRunning({ status, metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && status?.phase !== 'Failed';
}

function noteSuccess(job: Job, pod: Pod, result: Account): void {
  result.release.push(pod);
  const { uid } = pod.metadata;
  if (result.uncounted.failed.includes(uid)) return;
  if (isIndexed(job)) {
    const index = completionIndex(pod);
    // The index says it all: no need to remember who it was.
    if (index >= 0 && index < (job.spec.completions ?? 0)) result.succeededIndexes.add(index);
  } else if (!result.uncounted.succeeded.includes(uid)) {
    result.uncounted.succeeded.push(uid);
  }
}

function noteFailure(job: Job, pod: Pod, all: readonly Pod[], result: Account): void {
  if (holdsIndexCount(job, pod, all, result)) return;
  result.release.push(pod);
  const { uid } = pod.metadata;
  if (result.uncounted.failed.includes(uid)) return;
  if (isIndexed(job) && !isInRange(job, completionIndex(pod))) return;
  if (judgeFailure(job, pod).action !== 'Ignore') result.uncounted.failed.push(uid);
}

function isInRange({ spec }: Job, index: number): boolean {
  return index >= 0 && index < (spec.completions ?? 0);
}

function noteFailedIndexes(job: Job, pods: readonly Pod[], result: Account): void {
  const limit = job.spec.backoffLimitPerIndex;
  if (limit === undefined || !isIndexed(job)) return;
  for (const pod of pods.filter((candidate) => hasFailed(job, candidate) && !hasSucceeded(candidate))) {
    const index = completionIndex(pod);
    if (!isInRange(job, index) || result.succeededIndexes.has(index)) continue;
    const verdict = judgeFailure(job, pod).action;
    if (verdict === 'FailIndex' || (verdict !== 'Ignore' && indexFailures(pod) >= limit))
      result.failedIndexes.add(index);
  }
}

/** The last failed pod of an index keeps its finalizer until its successor, which carries the count on, is there. */
function holdsIndexCount(job: Job, pod: Pod, all: readonly Pod[], result: Account): boolean {
  if (job.spec.backoffLimitPerIndex === undefined || !isIndexed(job) || job.metadata.deletionTimestamp) return false;
  const index = completionIndex(pod);
  if (!isInRange(job, index) || result.succeededIndexes.has(index) || result.failedIndexes.has(index)) return false;
  const successor = all.some((other) => other !== pod && completionIndex(other) === index && isNewer(other, pod));
  return !successor;
}

function isNewer(a: Pod, b: Pod): boolean {
  if (a.metadata.creationTimestamp !== b.metadata.creationTimestamp)
    return a.metadata.creationTimestamp > b.metadata.creationTimestamp;
  return indexFailures(a) > indexFailures(b);
}

/** The status once the finalizers are gone: what is noted and no longer held by one is counted. */
export function settle(status: JobStatus, held: ReadonlySet<string>): JobStatus {
  const noted = status.uncountedTerminatedPods ?? {};
  const rest = {
    succeeded: (noted.succeeded ?? []).filter((uid) => held.has(uid)),
    failed: (noted.failed ?? []).filter((uid) => held.has(uid)),
  };
  const succeeded = (status.succeeded ?? 0) + (noted.succeeded ?? []).length - rest.succeeded.length;
  const failed = (status.failed ?? 0) + (noted.failed ?? []).length - rest.failed.length;
  return {
    ...status,
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
    uncountedTerminatedPods: omitEmpty(rest),
  };
}

export function omitEmpty(lists: { succeeded: string[]; failed: string[] }): {
  succeeded?: string[];
  failed?: string[];
} {
  return Object.fromEntries(Object.entries(lists).filter(([, uids]) => uids.length > 0));
}

export function indexFields({ succeededIndexes, failedIndexes }: Account, job: Job): Partial<JobStatus> {
  if (!isIndexed(job)) return {};
  const limited = job.spec.backoffLimitPerIndex !== undefined;
  return {
    ...(succeededIndexes.size > 0
      ? { completedIndexes: formatIndexes(succeededIndexes), succeeded: succeededIndexes.size }
      : {}),
    ...(limited ? { failedIndexes: formatIndexes(failedIndexes) } : {}),
  };
}
