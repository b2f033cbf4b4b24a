import type { JobSpec, JobStatus } from '@kubelab/api/types';
import { failed, job, names, planOf, succeeded, worker } from '../testing/jobs.js';
import { ago } from '../testing/objects.js';
import type { JobPlan } from './plan.js';

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
