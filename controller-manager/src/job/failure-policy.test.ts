import type { Job, Pod } from '@kubelab/api/types';
import { failed, job, names, planOf } from '../testing/jobs.js';
import { judgeFailure } from './failure-policy.js';

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
