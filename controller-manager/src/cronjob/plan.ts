/** What a CronJob has to do now: pure. */

import type { CronJob, CronJobStatus, Job, ObjectReference } from '@kubelab/api/types';
import type { Draft } from '@kubelab/apimachinery/meta';
import { formatTime } from '@kubelab/apimachinery/time';
import { controllerReference } from '@kubelab/controller/owner';
import { hasCondition, isFinished } from '../job/conditions.js';
import { findDue, parseSchedule, ScheduleError } from './schedule.js';

export interface CronEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

export interface CronPlan {
  status: CronJobStatus;
  events: CronEvent[];
  /** Old finished jobs, and with Replace those that still run. */
  delete: Job[];
  create?: { job: Draft<Job>; scheduledAt: number };
  requeueAfterMs?: number;
}

export interface CronFacts {
  cronJob: CronJob;
  /** Its own. */
  jobs: readonly Job[];
  nowMs: number;
}

export function planCronJob(facts: CronFacts): CronPlan {
  const { cronJob } = facts;
  const plan: CronPlan = { status: { ...cronJob.status }, events: [], delete: [] };
  followJobs(facts, plan);
  plan.delete.push(...surplusJobs(facts));
  if (cronJob.metadata.deletionTimestamp !== undefined || cronJob.spec.suspend) return plan;
  try {
    planRun(facts, plan);
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    const { schedule } = cronJob.spec;
    plan.events.push({
      type: 'Warning',
      reason: 'UnparseableSchedule',
      message: `unparseable schedule: "${schedule}" : ${error.message}`,
    });
  }
  return plan;
}

/** Brings status.active and lastSuccessfulTime in line with the jobs there are. */
function followJobs({ cronJob, jobs }: CronFacts, plan: CronPlan): void {
  const active = cronJob.status?.active ?? [];
  const isActive = (job: Job): boolean => active.some(({ uid }) => uid === job.metadata.uid);
  const keep = (reference: ObjectReference): boolean => {
    const job = jobs.find(({ metadata }) => metadata.uid === reference.uid);
    if (!job) {
      plan.events.push({ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${reference.name}` });
      return false;
    }
    if (!isFinished(job)) return true;
    const how = hasCondition(job, 'Complete') ? 'Complete' : 'Failed';
    const message = `Saw completed job: ${job.metadata.name}, condition: ${how}`;
    plan.events.push({ type: 'Normal', reason: 'SawCompletedJob', message });
    return false;
  };
  const left = active.filter(keep);
  for (const job of jobs.filter((candidate) => !isActive(candidate) && !isFinished(candidate))) {
    const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
    plan.events.push({ type: 'Warning', reason: 'UnexpectedJob', message });
  }
  if (left.length > 0) plan.status.active = left;
  else delete plan.status.active;
  const ends = jobs.filter((job) => hasCondition(job, 'Complete')).map(({ status }) => status?.completionTime ?? '');
  const last = [plan.status.lastSuccessfulTime ?? '', ...ends].sort().at(-1);
  if (last) plan.status.lastSuccessfulTime = last;
}

/** Finished jobs beyond the history limits, the oldest first. */
function surplusJobs({ cronJob, jobs }: CronFacts): Job[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec;
  const beyond = (type: string, limit: number | undefined): Job[] => {
    if (limit === undefined) return [];
    const finished = jobs.filter((job) => hasCondition(job, type)).sort(byStart);
    return finished.slice(0, Math.max(0, finished.length - limit));
  };
  return [...beyond('Complete', successfulJobsHistoryLimit), ...beyond('Failed', failedJobsHistoryLimit)];
}

function byStart(a: Job, b: Job): number {
  const [left, right] = [a.status?.startTime ?? '', b.status?.startTime ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** A little late, so that a clock that is a little behind does not have it come too early. */
const slackMs = 100;

function planRun({ cronJob, jobs, nowMs }: CronFacts, plan: CronPlan): void {
  const { spec, status, metadata } = cronJob;
  const schedule = parseSchedule(spec.schedule, spec.timeZone ?? undefined);
  const next = schedule.next(nowMs);
  if (next !== undefined) plan.requeueAfterMs = next - nowMs + slackMs;
  const deadlineMs =
    spec.startingDeadlineSeconds === undefined ? Number.POSITIVE_INFINITY : spec.startingDeadlineSeconds * 1000;
  const since = Math.max(Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp), nowMs - deadlineMs);
  const { at, tooManyMissed } = findDue(schedule, since, nowMs);
  if (tooManyMissed) {
    const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
    plan.events.push({ type: 'Warning', reason: 'TooManyMissedTimes', message });
  }
  if (at === undefined || isServed(cronJob, at)) return;
  if (at + deadlineMs < nowMs) {
    plan.events.push({
      type: 'Warning',
      reason: 'MissSchedule',
      message: `Missed scheduled time to start a job: ${new Date(at).toUTCString().replace('GMT', '+0000')}`,
    });
    return;
  }
  const running = plan.status.active ?? [];
  if (spec.concurrencyPolicy === 'Forbid' && running.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    plan.events.push({ type: 'Normal', reason: 'JobAlreadyActive', message });
    return;
  }
  if (spec.concurrencyPolicy === 'Replace') {
    plan.delete.push(...jobs.filter((job) => running.some(({ uid }) => uid === job.metadata.uid)));
    delete plan.status.active;
  }
  plan.create = { job: draftJob(cronJob, at), scheduledAt: at };
}

function isServed({ status, metadata }: CronJob, at: number): boolean {
  if (Date.parse(status?.lastScheduleTime ?? '') === at) return true;
  const name = jobName(metadata.name, at);
  return (status?.active ?? []).some((job) => job.name === name);
}

/** The same for the same time, so that a run is never started twice. */
function jobName(cronJobName: string, at: number): string {
  return `${cronJobName}-${Math.floor(at / 60_000)}`;
}

function draftJob(cronJob: CronJob, at: number): Draft<Job> {
  const { metadata, spec } = cronJob;
  const { jobTemplate } = spec;
  const { labels, annotations } = jobTemplate.metadata ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(metadata.name, at),
      namespace: metadata.namespace ?? '',
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': zonedTime(at, spec.timeZone) },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: structuredClone(jobTemplate.spec ?? { template: {} }),
  };
}

/** RFC 3339 with the offset that the zone has at that time. */
function zonedTime(at: number, timeZone: string | undefined): string {
  if (!timeZone) return formatTime(new Date(at));
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(at);
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value.replace('GMT', '') ?? '';
  if (offset === '') return formatTime(new Date(at));
  const [hours = '0', minutes = '0'] = offset.slice(1).split(':');
  const shift = (offset.startsWith('-') ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return formatTime(new Date(at + shift)).replace('Z', offset);
}
