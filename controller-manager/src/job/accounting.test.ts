import { failed, job, names, planOf, succeeded, worker } from '../testing/jobs.js';
import { settle } from './accounting.js';

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
