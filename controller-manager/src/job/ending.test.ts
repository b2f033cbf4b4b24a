import type { Job, Pod } from '@kubelab/api/types';
import { failed, job, names, planOf, succeeded, worker } from '../testing/jobs.js';
import { ago, template } from '../testing/objects.js';
import { isFinished, setCondition, withEnding } from './conditions.js';

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

test('a condition that says so already keeps its times', () => {
  const old = [{ type: 'Suspended', status: 'True', reason: 'r', lastTransitionTime: ago(9) }];
  expect(setCondition(old, { type: 'Suspended', status: 'True', reason: 'x', message: '' }, ago(0))).toEqual(old);
});
