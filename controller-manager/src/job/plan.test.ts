import type { Job, Pod } from '@kubelab/api/types';
import { failed, job, names, planOf, succeeded, worker } from '../testing/jobs.js';
import { ago } from '../testing/objects.js';

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
