import type { CronJob, CronJobSpec, CronJobStatus, Job } from '@kubelab/api/types';
import { ago, meta, now, ownedBy, template } from '../testing/objects.js';
import { planCronJob } from './plan.js';

const cronJob = (spec: Partial<CronJobSpec> = {}, status: CronJobStatus = {}, age = 90): CronJob => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: meta('tick', { creationTimestamp: ago(age) }),
  spec: {
    schedule: '* * * * *',
    jobTemplate: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: { template: template('v1') } },
    ...spec,
  },
  status,
});
function job(name: string, parts: { end?: 'Complete' | 'Failed'; started?: number } = {}): Job {
  const { end, started = 100 } = parts;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: meta(name, { ownerReferences: [ownedBy('CronJob', 'tick', 'batch/v1')] }),
    spec: { template: template('v1') },
    status: {
      startTime: ago(started),
      ...(end ? { conditions: [{ type: end, status: 'True' }] } : {}),
      ...(end === 'Complete' ? { completionTime: ago(started - 10) } : {}),
    },
  };
}
const reference = (name: string) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  name,
  namespace: 'default',
  uid: `uid-${name}`,
});
const planOf = (of: CronJob, jobs: Job[] = [], nowMs = now + 30_000) => planCronJob({ cronJob: of, jobs, nowMs });
const reasons = (plan: ReturnType<typeof planOf>) => plan.events.map(({ reason }) => reason);
const names = (jobs: readonly Job[]) => jobs.map(({ metadata }) => metadata.name);
/** Minutes since the epoch of the schedule that is due in these tests. */
const slot = now / 60_000;

describe('a run that is due', () => {
  test('becomes a job named after its time', () => {
    const { create, requeueAfterMs } = planOf(cronJob());
    expect(create?.scheduledAt).toBe(now);
    expect(create?.job.metadata).toEqual({
      name: `tick-${slot}`,
      namespace: 'default',
      labels: { a: 'b' },
      annotations: { c: 'd', 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T12:00:00Z' },
      ownerReferences: [ownedBy('CronJob', 'tick', 'batch/v1')],
    });
    expect(requeueAfterMs).toBe(30_100);
  });

  test('says its time in the zone of the schedule', () => {
    const annotations = planOf(cronJob({ timeZone: 'America/New_York' })).create?.job.metadata.annotations;
    expect(annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']).toBe('2026-01-01T07:00:00-05:00');
  });

  test.each<[string, CronJob, Job[]]>([
    ['was served already', cronJob({}, { lastScheduleTime: ago(0) }), []],
    ['has its job', cronJob({}, { active: [reference(`tick-${slot}`)] }), [job(`tick-${slot}`)]],
    ['is suspended', cronJob({ suspend: true }), []],
    ['was before the creation', cronJob({}, {}, -10), []],
    ['never comes', cronJob({ schedule: '0 0 31 2 *' }), []],
  ])('is not started when it %s', (_why, of, jobs) => {
    expect(planOf(of, jobs).create).toBeUndefined();
  });

  test('of several missed the last one is started', () => {
    expect(planOf(cronJob({}, { lastScheduleTime: ago(3600) })).create?.scheduledAt).toBe(now);
    const plan = planOf(cronJob({}, { lastScheduleTime: ago(100 * 3600) }));
    expect(plan.create?.scheduledAt).toBe(now);
    expect(reasons(plan)).toEqual(['TooManyMissedTimes']);
  });

  test('is given up after its deadline', () => {
    expect(planOf(cronJob({ startingDeadlineSeconds: 20 })).create).toBeUndefined();
    expect(planOf(cronJob({ startingDeadlineSeconds: 40 })).create?.scheduledAt).toBe(now);
    // With a deadline years of absence are not looked at.
    expect(reasons(planOf(cronJob({ startingDeadlineSeconds: 200 }, { lastScheduleTime: ago(10 ** 7) })))).toEqual([]);
  });
});

describe('while one runs', () => {
  const running = { active: [reference('tick-1')], lastScheduleTime: ago(60) };
  test('Allow starts another', () => {
    expect(planOf(cronJob({ concurrencyPolicy: 'Allow' }, running), [job('tick-1')])).toMatchObject({
      create: {},
      delete: [],
    });
  });

  test('Forbid does not', () => {
    const plan = planOf(cronJob({ concurrencyPolicy: 'Forbid' }, running), [job('tick-1')]);
    expect(plan.create).toBeUndefined();
    expect(plan.events).toEqual([
      {
        type: 'Normal',
        reason: 'JobAlreadyActive',
        message: 'Not starting job because prior execution is running and concurrency policy is Forbid',
      },
    ]);
  });

  test('Replace deletes it first', () => {
    const plan = planOf(cronJob({ concurrencyPolicy: 'Replace' }, running), [
      job('tick-1'),
      job('old', { end: 'Complete' }),
    ]);
    expect(names(plan.delete)).toEqual(['tick-1']);
    expect(plan.create).toBeDefined();
    expect(plan.status).not.toHaveProperty('active');
  });
});

describe('the jobs there are', () => {
  test('finished ones are no longer active, and the last success is noted', () => {
    const active = [reference('a'), reference('b'), reference('c')];
    const plan = planOf(cronJob({ suspend: true }, { active }), [
      job('a', { end: 'Complete', started: 50 }),
      job('b', { end: 'Failed' }),
      job('c'),
    ]);
    expect(plan.status).toEqual({ active: [reference('c')], lastSuccessfulTime: ago(40) });
    expect(plan.events.map(({ message }) => message)).toEqual([
      'Saw completed job: a, condition: Complete',
      'Saw completed job: b, condition: Failed',
    ]);
  });

  test('those that went missing and those nobody knows are told', () => {
    const plan = planOf(cronJob({ suspend: true }, { active: [reference('gone')] }), [job('stranger')]);
    expect(reasons(plan)).toEqual(['MissingJob', 'UnexpectedJob']);
    expect(plan.status).toEqual({});
  });

  test('beyond the limits the oldest go, successes and failures apart', () => {
    const jobs = [
      job('s3', { end: 'Complete', started: 30 }),
      job('s1', { end: 'Complete', started: 50 }),
      job('s2', { end: 'Complete', started: 40 }),
      job('f1', { end: 'Failed', started: 60 }),
      job('running'),
    ];
    const limits = { suspend: true, successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 };
    expect(names(planOf(cronJob(limits, { active: [reference('running')] }), jobs).delete)).toEqual(['s1', 's2', 'f1']);
    expect(planOf(cronJob({ suspend: true }, { active: [reference('running')] }), jobs).delete).toEqual([]);
  });
});

test('a schedule that cannot be read is told, and nothing else happens', () => {
  const plan = planOf(cronJob({ schedule: 'now and then' }));
  expect(plan.events[0]).toMatchObject({
    type: 'Warning',
    reason: 'UnparseableSchedule',
    message: expect.stringMatching(/^unparseable schedule: "now and then" : expected exactly 5 fields/),
  });
  expect(plan).not.toHaveProperty('requeueAfterMs');
});
