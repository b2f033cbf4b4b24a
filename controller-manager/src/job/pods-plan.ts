/** How many pods a running Job should have now: pure. */

import type { Job, Pod } from '@kubelab/api/types';
import { sortForDeletion } from '../pods/deletion-order.js';
import type { Account } from './accounting.js';
import { freeIndexes } from './indexes.js';
import {
  completionIndex,
  endedAt,
  hasFailed,
  hasSucceeded,
  indexFailures,
  isIndexed,
  isTerminating,
  replacesOnlyFailed,
} from './job-pods.js';
import type { NewPod } from './pod-template.js';

/** No more than this many pods are created or deleted in one round. */
const burst = 500;
const firstBackOffMs = 10_000;
const longestBackOffMs = 600_000;

export interface PodsFacts {
  job: Job;
  pods: readonly Pod[];
  active: readonly Pod[];
  account: Account;
  nowMs: number;
}

export interface PodsPlan {
  create: NewPod[];
  delete: Pod[];
  requeueAfterMs?: number;
}

export function planPods(facts: PodsFacts): PodsPlan {
  const { job, active, nowMs } = facts;
  if (job.spec.suspend) return { create: [], delete: [...active] };
  const surplus = surplusPods(facts);
  // Either or: what is deleted now is counted in the next round.
  if (surplus.length > 0) return { create: [], delete: surplus.slice(0, burst) };
  const terminating = replacesOnlyFailed(job) ? facts.pods.filter(isTerminating).length : 0;
  const missing = Math.min(wantedActive(facts) - active.length - terminating, burst);
  if (missing <= 0) return { create: [], delete: [] };
  if (isIndexed(job)) return planIndexes(facts, missing);
  const wait = backOff(facts.pods, job, nowMs);
  if (wait > 0) return { create: [], delete: [], requeueAfterMs: wait };
  return { create: Array.from({ length: missing }, () => ({})), delete: [] };
}

function wantedActive({ job, active, account }: PodsFacts): number {
  const { completions, parallelism = 1 } = job.spec;
  // Without completions one success ends the making of pods.
  if (completions === undefined) return account.succeeded > 0 ? Math.min(active.length, parallelism) : parallelism;
  const open = isIndexed(job)
    ? completions - account.succeededIndexes.size - account.failedIndexes.size
    : completions - account.succeeded;
  return Math.max(0, Math.min(open, parallelism));
}

function surplusPods(facts: PodsFacts): Pod[] {
  const { job, active, nowMs } = facts;
  const surplus = duplicates(job, active, facts.account);
  const rest = active.filter((pod) => !surplus.includes(pod));
  const count = rest.length - wantedActive(facts);
  return count > 0 ? [...surplus, ...sortForDeletion(rest, [], nowMs).slice(0, count)] : surplus;
}

/** Pods without a valid index, of an index that is done, or of one that another pod works on. */
function duplicates(job: Job, active: readonly Pod[], { succeededIndexes, failedIndexes }: Account): Pod[] {
  if (!isIndexed(job)) return [];
  const seen = new Set<number>([...succeededIndexes, ...failedIndexes]);
  return active.filter((pod) => {
    const index = completionIndex(pod);
    const extra = index < 0 || index >= (job.spec.completions ?? 0) || seen.has(index);
    seen.add(index);
    return extra;
  });
}

function planIndexes({ job, pods, active, account, nowMs }: PodsFacts, missing: number): PodsPlan {
  const taken = new Set([...account.succeededIndexes, ...account.failedIndexes, ...active.map(completionIndex)]);
  if (replacesOnlyFailed(job)) for (const pod of pods.filter(isTerminating)) taken.add(completionIndex(pod));
  const perIndex = job.spec.backoffLimitPerIndex !== undefined;
  if (!perIndex) {
    const wait = backOff(pods, job, nowMs);
    if (wait > 0) return { create: [], delete: [], requeueAfterMs: wait };
    return { create: freeIndexes(missing, job.spec.completions ?? 0, taken).map((index) => ({ index })), delete: [] };
  }
  const plan: PodsPlan = { create: [], delete: [] };
  for (const index of freeIndexes(Number.POSITIVE_INFINITY, job.spec.completions ?? 0, taken)) {
    if (plan.create.length >= missing) break;
    const failures = pods.filter((pod) => completionIndex(pod) === index && hasFailed(job, pod));
    const last = failures.sort((a, b) => indexFailures(b) - indexFailures(a))[0];
    const wait = last ? endedAt(last) + delayAfter(indexFailures(last) + 1) - nowMs : 0;
    if (wait > 0) plan.requeueAfterMs = Math.min(plan.requeueAfterMs ?? wait, wait);
    else plan.create.push({ index, failures: last ? indexFailures(last) + 1 : 0 });
  }
  return plan;
}

function delayAfter(failures: number): number {
  return Math.min(firstBackOffMs * 2 ** Math.min(failures - 1, 20), longestBackOffMs);
}

/** Milliseconds to wait after the failures since the last success: 10 s, 20 s, 40 s, at most 10 minutes. */
function backOff(pods: readonly Pod[], job: Job, nowMs: number): number {
  const lastSuccess = Math.max(Number.NEGATIVE_INFINITY, ...pods.filter(hasSucceeded).map(endedAt));
  const failures = pods
    .filter((pod) => hasFailed(job, pod) && pod.status?.phase === 'Failed')
    .map(endedAt)
    .filter((at) => at > lastSuccess);
  if (failures.length === 0) return 0;
  return Math.max(...failures) + delayAfter(failures.length) - nowMs;
}
