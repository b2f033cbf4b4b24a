/** One round for a Job: which pods to make, delete and release, and what to say. Pure. */

import type { Job, JobStatus, Pod } from '@kubelab/api/types';
import { isPodReady } from '../pods/pod-state.js';
import { type Account, account, indexFields, omitEmpty } from './accounting.js';
import { decidedEnding, type Ending, setCondition } from './conditions.js';
import { findEnding, untilDeadline } from './ending.js';
import { activePods, isTerminating } from './job-pods.js';
import type { NewPod } from './pod-template.js';
import { planPods } from './pods-plan.js';

export interface JobFacts {
  job: Job;
  /** Its own, ended ones too. */
  pods: readonly Pod[];
  /** False while pods that were made or deleted have not been seen: then nothing is made or deleted. */
  settled: boolean;
  nowMs: number;
}

export interface JobPlan {
  create: NewPod[];
  /** `uncounted`: because there are too many, not because they failed. */
  delete: Pod[];
  uncountedDeletion: boolean;
  /** The status to write before finalizers are removed. */
  status: JobStatus;
  release: Pod[];
  /** Known once nothing runs any more; written when everything is counted. */
  ending?: Ending;
  /** Nothing of the ending is waited for any more but the counting. */
  mayEnd: boolean;
  suspension?: 'Suspended' | 'Resumed';
  requeueAfterMs?: number;
}

export function planJob(facts: JobFacts): JobPlan {
  const { job, pods, settled, nowMs } = facts;
  const active = activePods(pods);
  const count = account(job, pods, { over: decidedEnding(job) !== undefined });
  const ending = findEnding({ job, pods, account: count, active: active.length, nowMs });
  const plan: JobPlan = {
    create: [],
    delete: [],
    uncountedDeletion: false,
    status: {},
    release: count.release,
    mayEnd: false,
  };
  if (ending) {
    plan.ending = ending;
    if (settled) plan.delete = active;
    plan.mayEnd = settled && active.length === 0 && !pods.some(isTerminating);
  } else if (settled && job.metadata.deletionTimestamp === undefined) {
    Object.assign(plan, planPods({ ...facts, active, account: count }));
    plan.uncountedDeletion = true;
  }
  plan.status = nextStatus(facts, count, plan, active);
  const deadline = untilDeadline({ ...job, status: plan.status }, nowMs);
  const times = [plan.requeueAfterMs, ending ? undefined : deadline].filter(
    (ms) => ms !== undefined && ms > 0,
  ) as number[];
  if (times.length > 0) plan.requeueAfterMs = Math.min(...times);
  return plan;
}

function nextStatus(
  { job, pods, nowMs, settled }: JobFacts,
  count: Account,
  plan: JobPlan,
  active: readonly Pod[],
): JobStatus {
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const { active: _active, ready: _ready, terminating: _terminating, ...old } = job.status ?? {};
  const suspended = job.spec.suspend === true;
  const left = active.length - plan.delete.length + (plan.ending ? 0 : plan.create.length);
  const status: JobStatus = {
    ...old,
    ...indexFields(count, job),
    ...(left > 0 ? { active: left } : {}),
    ready: active.filter((pod) => isPodReady(pod) && !plan.delete.includes(pod)).length,
    terminating: pods.filter(isTerminating).length,
    uncountedTerminatedPods: omitEmpty(count.uncounted),
  };
  if (!status.startTime && !suspended) status.startTime = now;
  if (plan.ending || !settled) return status;
  const conditions = old.conditions ?? [];
  const known = conditions.find(({ type }) => type === 'Suspended');
  if (suspended && known?.status !== 'True') {
    plan.suspension = 'Suspended';
    status.conditions = setCondition(
      conditions,
      { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' },
      now,
    );
  } else if (!suspended && known?.status === 'True') {
    plan.suspension = 'Resumed';
    // The deadline counts the time that the Job is active without a pause.
    status.startTime = now;
    status.conditions = setCondition(
      conditions,
      { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' },
      now,
    );
  }
  return status;
}
