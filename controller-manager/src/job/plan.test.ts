import type { Job, JobSpec, JobStatus, Pod } from '@kubelab/api/types';
import { ago, meta, now, ownedBy, pod, template } from '../testing/objects.js';
import { settle } from './accounting.js';
import { isFinished, setCondition, withEnding } from './conditions.js';
import { judgeFailure } from './failure-policy.js';
import { indexAnnotation, indexFailuresAnnotation, trackingFinalizer } from './job-pods.js';
import { type JobPlan, planJob } from './plan.js';
import { draftJobPod } from './pod-template.js';

const job = (
  spec: Partial<JobSpec> = {},
  status: JobStatus = { startTime: ago(60) },
  more: Partial<Job['metadata']> = {},
): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: meta('work', more),
  spec: { completions: 1, parallelism: 1, backoffLimit: 6, template: template('v1'), ...spec },
  status,
});

interface Parts {
  phase?: string;
  index?: number;
  exit?: number;
  /** Seconds since it ended. */
  ended?: number;
  failures?: number;
  deleting?: boolean;
  released?: boolean;
  ready?: boolean;
  age?: number;
}
function worker(
  name: string,
  {
    phase = 'Running',
    index,
    exit,
    ended = 600,
    failures,
    deleting = false,
    released,
    ready = true,
    age = 900,
  }: Parts = {},
): Pod {
  const annotations = {
    ...(index === undefined ? {} : { [indexAnnotation]: String(index) }),
    ...(failures === undefined ? {} : { [indexFailuresAnnotation]: String(failures) }),
  };
  const code = exit ?? (phase === 'Failed' ? 1 : 0);
  const over = phase === 'Failed' || phase === 'Succeeded';
  const state = over ? { terminated: { exitCode: code, finishedAt: ago(ended) } } : { running: {} };
  return pod(name, {
    phase,
    deleting,
    ready: ready && !over,
    owner: ownedBy('Job', 'work', 'batch/v1'),
    metadata: { annotations, creationTimestamp: ago(age), ...(released ? {} : { finalizers: [trackingFinalizer] }) },
    status: { containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state }] },
  });
}
const planOf = (of: Job, pods: Pod[] = [], settled = true): JobPlan => planJob({ job: of, pods, settled, nowMs: now });
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
const succeeded = (name: string, parts: Parts = {}) => worker(name, { phase: 'Succeeded', ...parts });
const failed = (name: string, parts: Parts = {}) => worker(name, { phase: 'Failed', ...parts });

describe('pods are made', () => {
  test.each<[string, Job, Pod[], number]>([
    ['one for one', job(), [], 1],
    ['as many as may run at once', job({ completions: 10, parallelism: 3 }), [], 3],
    ['not more than are still needed', job({ completions: 3, parallelism: 3 }, { succeeded: 2 }), [], 1],
    ['besides those that run', job({ completions: 10, parallelism: 3 }), [worker('a'), worker('b')], 1],
    [
      'without completions, until one succeeds',
      job({ completions: undefined as never, parallelism: 2 }),
      [worker('a')],
      1,
    ],
    [
      'and none from then on',
      job({ completions: undefined as never, parallelism: 2 }, { succeeded: 1 }),
      [worker('a')],
      0,
    ],
    ['none while suspended', job({ suspend: true }), [], 0],
    ['none for a Job that is being deleted', job({}, {}, { deletionTimestamp: ago(1) }), [], 0],
    ['in place of one that is being deleted, at once', job(), [worker('a', { deleting: true })], 1],
    [
      'but not when only ended ones are replaced',
      job({ podReplacementPolicy: 'Failed' }),
      [worker('a', { deleting: true })],
      0,
    ],
  ])('%s', (_name, of, pods, count) => {
    expect(planOf(of, pods).create).toHaveLength(count);
  });

  test('none before what was done has been seen', () => {
    expect(planOf(job(), [], false)).toMatchObject({ create: [], delete: [] });
  });

  test('later and later after failures: 10, 20, 40 seconds; a success starts anew', () => {
    expect(planOf(job(), [failed('a', { ended: 4 })])).toMatchObject({ create: [], requeueAfterMs: 6000 });
    expect(planOf(job(), [failed('a', { ended: 50 }), failed('b', { ended: 15 })])).toMatchObject({
      create: [],
      requeueAfterMs: 5000,
    });
    expect(
      planOf(job(), [failed('a', { ended: 500 }), failed('b', { ended: 41 }), failed('c', { ended: 40 })]).create,
    ).toHaveLength(1);
    expect(
      planOf(job({ completions: 3 }), [
        failed('a', { ended: 50 }),
        failed('b', { ended: 15 }),
        succeeded('c', { ended: 12 }),
      ]).create,
    ).toHaveLength(1);
  });
});

describe('pods are deleted', () => {
  test('when parallelism was lowered, those first that are not ready', () => {
    const plan = planOf(job({ completions: 10, parallelism: 1 }), [worker('a'), worker('b', { ready: false })]);
    expect(names(plan.delete)).toEqual(['b']);
    expect(plan.uncountedDeletion).toBe(true);
    expect(plan.status.active).toBe(1);
  });

  test('all of them while suspended', () => {
    const plan = planOf(job({ suspend: true, completions: 5, parallelism: 2 }), [worker('a'), worker('b')]);
    expect(names(plan.delete)).toEqual(['a', 'b']);
    expect(plan).toMatchObject({ suspension: 'Suspended', uncountedDeletion: true });
    expect(plan.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Suspended', status: 'True', reason: 'JobSuspended' }),
    );
  });
});

describe('resuming', () => {
  test('starts the clock anew', () => {
    const conditions = [{ type: 'Suspended', status: 'True', lastTransitionTime: ago(500) }];
    const plan = planOf(job({ activeDeadlineSeconds: 100 }, { conditions, startTime: ago(50) }));
    expect(plan).toMatchObject({ suspension: 'Resumed', requeueAfterMs: 100_000 });
    expect(plan.status).toMatchObject({
      startTime: ago(0),
      conditions: [{ status: 'False', reason: 'JobResumed', lastTransitionTime: ago(0) }],
    });
  });

  test('a Job that begins suspended has no start', () => {
    expect(planOf(job({ suspend: true }, {})).status).not.toHaveProperty('startTime');
    expect(planOf(job({}, {})).status.startTime).toBe(ago(0));
  });
});

describe('counting', () => {
  test('what ended is noted, then released', () => {
    const plan = planOf(job({ completions: 5, parallelism: 2 }), [succeeded('a'), failed('b'), worker('c')]);
    expect(plan.status).toMatchObject({
      uncountedTerminatedPods: { succeeded: ['uid-a'], failed: ['uid-b'] },
      ready: 1,
    });
    expect(names(plan.release)).toEqual(['a', 'b']);
    expect(plan.status).not.toHaveProperty('succeeded');
  });

  test('what is released is counted, once', () => {
    const status = { succeeded: 2, uncountedTerminatedPods: { succeeded: ['uid-a', 'uid-x'], failed: ['uid-b'] } };
    expect(settle(status, new Set(['uid-x']))).toEqual({
      succeeded: 3,
      failed: 1,
      uncountedTerminatedPods: { succeeded: ['uid-x'] },
    });
    expect(settle(settle(status, new Set()), new Set())).toEqual({
      succeeded: 4,
      failed: 1,
      uncountedTerminatedPods: {},
    });
  });

  test('released pods are not noted again, noted ones not twice', () => {
    const noted = { uncountedTerminatedPods: { succeeded: ['uid-a'] } };
    const plan = planOf(job({ completions: 5 }, noted), [succeeded('a'), succeeded('b', { released: true })]);
    expect(plan.status.uncountedTerminatedPods).toEqual({ succeeded: ['uid-a'] });
  });

  test('a pod that somebody deletes has failed', () => {
    expect(planOf(job(), [worker('a', { deleting: true })]).status.uncountedTerminatedPods).toEqual({
      failed: ['uid-a'],
    });
    expect(planOf(job({ podReplacementPolicy: 'Failed' }), [worker('a', { deleting: true })]).status).toMatchObject({
      uncountedTerminatedPods: {},
      terminating: 1,
    });
  });
});

describe('the end', () => {
  test.each<[string, Job, Pod[], string | undefined]>([
    ['enough successes', job({ completions: 2 }, { succeeded: 1 }), [succeeded('a')], 'Complete CompletionsReached'],
    ['not yet', job({ completions: 2 }), [succeeded('a')], undefined],
    ['not while one runs', job({ completions: 1, parallelism: 2 }), [succeeded('a'), worker('b')], undefined],
    ['nothing to do', job({ completions: 0 }), [], 'Complete CompletionsReached'],
    [
      'one success without completions',
      job({ completions: undefined as never }),
      [succeeded('a')],
      'Complete CompletionsReached',
    ],
    ['too many failures', job({ backoffLimit: 1 }, { failed: 1 }), [failed('a')], 'Failed BackoffLimitExceeded'],
    ['just not too many', job({ backoffLimit: 2 }, { failed: 1 }), [failed('a')], undefined],
    ['too late', job({ activeDeadlineSeconds: 60 }), [worker('a')], 'Failed DeadlineExceeded'],
    ['in time', job({ activeDeadlineSeconds: 61 }), [worker('a')], undefined],
    [
      'what was decided stays',
      job({}, { conditions: [{ type: 'FailureTarget', status: 'True', reason: 'PodFailurePolicy', message: 'm' }] }),
      [succeeded('a')],
      'Failed PodFailurePolicy',
    ],
  ])('%s', (_name, of, pods, expected) => {
    const { ending } = planOf(of, pods);
    expect(ending && `${ending.type} ${ending.reason}`).toBe(expected);
  });

  test('restarts within pods use the limit up, too', () => {
    const restarted = worker('a');
    restarted.status?.containerStatuses?.forEach((status) => {
      status.restartCount = 3;
    });
    const spec = { ...template('v1'), spec: { containers: [], restartPolicy: 'OnFailure' } };
    expect(planOf(job({ backoffLimit: 3, template: spec }), [restarted]).ending?.reason).toBe('BackoffLimitExceeded');
    expect(planOf(job({ backoffLimit: 4, template: spec }), [restarted]).ending).toBeUndefined();
  });

  test('takes down what runs, and comes when all have gone', () => {
    const late = job({ activeDeadlineSeconds: 1, parallelism: 2, completions: 5 });
    const plan = planOf(late, [worker('a'), worker('b')]);
    expect(names(plan.delete)).toEqual(['a', 'b']);
    expect(plan).toMatchObject({ mayEnd: false, uncountedDeletion: false, create: [] });
    expect(planOf(late, [worker('a', { deleting: true })]).mayEnd).toBe(false);
    expect(planOf(late, [failed('a')]).mayEnd).toBe(true);
    expect(planOf(late, [failed('a')], false).mayEnd).toBe(false);
  });

  test('is told in two conditions', () => {
    const ending = { type: 'Failed' as const, reason: 'DeadlineExceeded', message: 'm' };
    const interim = withEnding([], ending, { final: false, now: ago(5) });
    expect(interim.map(({ type }) => type)).toEqual(['FailureTarget']);
    const final = withEnding(interim, ending, { final: true, now: ago(0) });
    expect(final.map(({ type, lastTransitionTime }) => `${type} ${lastTransitionTime}`)).toEqual([
      `FailureTarget ${ago(5)}`,
      `Failed ${ago(0)}`,
    ]);
    expect(isFinished(job({}, { conditions: interim }))).toBe(false);
    expect(isFinished(job({}, { conditions: final }))).toBe(true);
  });
});

describe('an Indexed Job', () => {
  const indexed = (spec: Partial<JobSpec> = {}, status: JobStatus = { startTime: ago(60) }) =>
    job({ completionMode: 'Indexed', completions: 5, parallelism: 3, ...spec }, status);
  const indexesOf = (plan: JobPlan) => plan.create.map(({ index }) => index);

  test('makes the lowest indexes that nobody works on', () => {
    expect(indexesOf(planOf(indexed()))).toEqual([0, 1, 2]);
    expect(indexesOf(planOf(indexed({}, { completedIndexes: '0,2' }), [worker('a', { index: 1 })]))).toEqual([3, 4]);
    expect(indexesOf(planOf(indexed(), [failed('a', { index: 0 }), worker('b', { index: 1 })]))).toEqual([0, 2]);
  });

  test('counts indexes, not pods', () => {
    const plan = planOf(indexed({}, { completedIndexes: '1' }), [
      succeeded('a', { index: 1 }),
      succeeded('b', { index: 3 }),
      succeeded('c', { index: 9 }),
    ]);
    expect(plan.status).toMatchObject({ completedIndexes: '1,3', succeeded: 2, uncountedTerminatedPods: {} });
    expect(names(plan.release)).toEqual(['a', 'b', 'c']);
  });

  test('deletes a second pod of an index, and pods of none', () => {
    const plan = planOf(indexed(), [
      worker('a', { index: 0 }),
      worker('b', { index: 0 }),
      worker('c'),
      worker('d', { index: 7 }),
    ]);
    expect(names(plan.delete)).toEqual(['b', 'c', 'd']);
  });

  test('ends early when its success policy is met', () => {
    const successPolicy = { rules: [{ succeededIndexes: '3-4' }, { succeededIndexes: '0-2', succeededCount: 2 }] };
    expect(planOf(indexed({ successPolicy }, { completedIndexes: '0' })).ending).toBeUndefined();
    expect(planOf(indexed({ successPolicy }, { completedIndexes: '0,2' })).ending).toEqual({
      type: 'Complete',
      reason: 'SuccessPolicy',
      message: 'Matched rules at index 1',
    });
  });

  describe('with a limit per index', () => {
    const limited = (spec: Partial<JobSpec> = {}, status?: JobStatus) =>
      indexed({ backoffLimitPerIndex: 1, backoffLimit: 2 ** 31 - 1, completions: 2, parallelism: 2, ...spec }, status);

    test('tries an index again after its own back-off, carrying its count on', () => {
      expect(
        planOf(limited(), [failed('a', { index: 0, failures: 0, ended: 4 }), worker('b', { index: 1 })]),
      ).toMatchObject({ create: [], requeueAfterMs: 6000 });
      const plan = planOf(limited(), [failed('a', { index: 0, failures: 0, ended: 20 }), worker('b', { index: 1 })]);
      expect(plan.create).toEqual([{ index: 0, failures: 1 }]);
      // Its count is needed until the next one carries it.
      expect(plan.release).toEqual([]);
      const later = planOf(limited(), [
        failed('a', { index: 0, failures: 0, age: 90 }),
        worker('a2', { index: 0, failures: 1, age: 10 }),
      ]);
      expect(names(later.release)).toEqual(['a']);
    });

    test('gives an index up, and fails when all are settled', () => {
      const plan = planOf(limited(), [failed('a', { index: 0, failures: 1 }), worker('b', { index: 1 })]);
      expect(plan.status.failedIndexes).toBe('0');
      expect(plan.create).toEqual([]);
      expect(
        planOf(limited(), [failed('a', { index: 0, failures: 1 }), succeeded('b', { index: 1 })]).ending,
      ).toMatchObject({ reason: 'FailedIndexes', message: 'Job has failed indexes' });
    });

    test('fails early when too many are given up', () => {
      const plan = planOf(limited({ maxFailedIndexes: 0 }), [
        failed('a', { index: 0, failures: 1 }),
        worker('b', { index: 1 }),
      ]);
      expect(plan.ending?.reason).toBe('MaxFailedIndexesExceeded');
      expect(names(plan.delete)).toEqual(['b']);
    });
  });
});

describe('a failure policy', () => {
  const rules = (...list: object[]): Job => job({ podFailurePolicy: { rules: list as never } });
  const codes = (action: string, operator: string, values: number[], containerName?: string) => ({
    action,
    onExitCodes: { operator, values, ...(containerName ? { containerName } : {}) },
  });
  test.each<[string, Job, Pod, object]>([
    ['none', job(), failed('a'), { action: 'Count' }],
    ['exit code in', rules(codes('Ignore', 'In', [1, 2])), failed('a', { exit: 2 }), { action: 'Ignore' }],
    ['exit code not in', rules(codes('Ignore', 'NotIn', [1])), failed('a', { exit: 2 }), { action: 'Ignore' }],
    [
      'the first rule decides',
      rules(codes('Count', 'In', [2]), codes('Ignore', 'In', [2])),
      failed('a', { exit: 2 }),
      { action: 'Count' },
    ],
    ['another container', rules(codes('Ignore', 'In', [2], 'sidecar')), failed('a', { exit: 2 }), { action: 'Count' }],
    ['zero is no failure', rules(codes('Ignore', 'NotIn', [1])), failed('a', { exit: 0 }), { action: 'Count' }],
    [
      'the Job',
      rules(codes('FailJob', 'In', [42])),
      failed('a', { exit: 42 }),
      {
        action: 'FailJob',
        message: 'Container c for pod default/a failed with exit code 42 matching FailJob rule at index 0',
      },
    ],
  ])('%s', (_name, of, candidate, verdict) => {
    expect(judgeFailure(of, candidate)).toEqual(verdict);
  });

  test('conditions of the pod', () => {
    const evicted = failed('a');
    evicted.status?.conditions?.push({ type: 'DisruptionTarget', status: 'True' });
    const of = rules({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] });
    expect(judgeFailure(of, evicted)).toEqual({ action: 'Ignore' });
    const plan = planOf(of, [evicted]);
    expect(plan.status.uncountedTerminatedPods).toEqual({});
    expect(names(plan.release)).toEqual(['a']);
  });

  test('fails the Job at once', () => {
    expect(planOf(rules(codes('FailJob', 'In', [42])), [failed('a', { exit: 42 })]).ending?.reason).toBe(
      'PodFailurePolicy',
    );
  });
});

describe('a pod of a Job', () => {
  test('is tracked by its finalizer', () => {
    expect(draftJobPod(job(), {}).metadata).toMatchObject({ generateName: 'work-', finalizers: [trackingFinalizer] });
  });

  test('knows its index by annotation, label, name and environment', () => {
    const draft = draftJobPod(job({ completionMode: 'Indexed' }), { index: 3, failures: 2 });
    expect(draft.metadata).toMatchObject({
      generateName: 'work-3-',
      annotations: { [indexAnnotation]: '3', [indexFailuresAnnotation]: '2' },
      labels: { [indexAnnotation]: '3', app: 'web' },
    });
    expect(draft.spec.hostname).toBe('work-3');
    expect(draft.spec.containers[0]?.env).toEqual([
      { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexAnnotation}']` } } },
    ]);
    const long = draftJobPod(job({ completionMode: 'Indexed' }, {}, { name: 'x'.repeat(63) }), { index: 12 });
    expect(long.metadata.generateName).toBe(`${'x'.repeat(54)}-12-`);
  });
});

test('a condition that says so already keeps its times', () => {
  const old = [{ type: 'Suspended', status: 'True', reason: 'r', lastTransitionTime: ago(9) }];
  expect(setCondition(old, { type: 'Suspended', status: 'True', reason: 'x', message: '' }, ago(0))).toEqual(old);
});
