import type { PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from '@kubelab/api/types';
import { ago, meta, now, pod } from '../testing/objects.js';
import { failedStatus, needsScale, planBudget } from './plan.js';
import { untilStale } from './stale-disruption.js';

const budget = (spec: PodDisruptionBudgetSpec, status?: Partial<PodDisruptionBudgetStatus>): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: meta('web'),
  spec,
  ...(status
    ? { status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0, ...status } }
    : {}),
});
const pods = (healthy: number, sick = 0) => [
  ...Array.from({ length: healthy }, (_, index) => pod(`h${index}`, { ready: true })),
  ...Array.from({ length: sick }, (_, index) => pod(`s${index}`)),
];
const statusOf = (spec: PodDisruptionBudgetSpec, selected = pods(5), replicas = [5]) =>
  planBudget({
    budget: budget(spec),
    pods: selected,
    scales: replicas.map((count, index) => ({ uid: `${index}`, replicas: count })),
    nowMs: now,
  }).status;

test.each<[string, PodDisruptionBudgetSpec, ReturnType<typeof pods>, number[], [number, number, number, number]]>([
  ['minAvailable as a number', { minAvailable: 3 }, pods(5), [], [5, 3, 5, 2]],
  ['minAvailable is rounded up', { minAvailable: '50%' }, pods(5), [5], [5, 3, 5, 2]],
  ['maxUnavailable as a number', { maxUnavailable: 1 }, pods(5), [5], [5, 4, 5, 1]],
  ['maxUnavailable is rounded up', { maxUnavailable: '30%' }, pods(5), [5], [5, 3, 5, 2]],
  ['sick pods use it up', { maxUnavailable: 2 }, pods(3, 2), [5], [5, 3, 3, 0]],
  ['what is wanted counts, not what is there', { maxUnavailable: 1 }, pods(3), [5], [5, 4, 3, 0]],
  ['several controllers', { maxUnavailable: '50%' }, pods(6), [4, 2], [6, 3, 6, 3]],
  ['more may go than are wanted', { maxUnavailable: 10 }, pods(5), [5], [5, 0, 5, 5]],
  ['no pods', { minAvailable: 0 }, [], [], [0, 0, 0, 0]],
])('%s', (_name, spec, selected, replicas, [expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed]) => {
  expect(statusOf(spec, selected, replicas)).toMatchObject({
    expectedPods,
    desiredHealthy,
    currentHealthy,
    disruptionsAllowed,
  });
});

test('the condition says whether anything may go', () => {
  expect(statusOf({ minAvailable: 3 }).conditions).toEqual([
    {
      type: 'DisruptionAllowed',
      status: 'True',
      reason: 'SufficientPods',
      message: '',
      observedGeneration: 1,
      lastTransitionTime: ago(0),
    },
  ]);
  expect(statusOf({ minAvailable: 5 }).conditions?.[0]).toMatchObject({ status: 'False', reason: 'InsufficientPods' });
});

test('granted evictions count as gone until they show as deletions, or two minutes have passed', () => {
  const disruptedPods = { h0: ago(30), h1: ago(121), h2: ago(10), vanished: ago(5) };
  const selected = pods(5);
  if (selected[2]) selected[2].metadata.deletionTimestamp = ago(1);
  const plan = planBudget({
    budget: budget({ minAvailable: 1 }, { disruptedPods }),
    pods: selected,
    scales: [],
    nowMs: now,
  });
  expect(plan.status).toMatchObject({ disruptedPods: { h0: ago(30) }, currentHealthy: 3, disruptionsAllowed: 2 });
  expect(plan.undeleted.map(({ metadata }) => metadata.name)).toEqual(['h1']);
  expect(plan.requeueAfterMs).toBe(90_000);
});

test('only percentages and maxUnavailable need the controllers', () => {
  expect(
    [{ minAvailable: 1 }, { minAvailable: '10%' }, { maxUnavailable: 1 }].map((spec) => needsScale(budget(spec))),
  ).toEqual([false, true, true]);
});

test('when it cannot be computed nothing may go', () => {
  const status = failedStatus(budget({ maxUnavailable: 1 }, { currentHealthy: 3, disruptionsAllowed: 2 }), 'why', now);
  expect(status).toMatchObject({
    currentHealthy: 3,
    disruptionsAllowed: 0,
    conditions: [{ status: 'False', reason: 'SyncFailed', message: 'why' }],
  });
});

test('an announced disruption that does not come is stale after two minutes', () => {
  const target = (seconds: number) => [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime: ago(seconds) }];
  expect(untilStale(pod('p', { status: { conditions: target(30) } }), now)).toBe(90_000);
  expect(untilStale(pod('p', { status: { conditions: target(300) } }), now)).toBe(0);
  expect(untilStale(pod('p', { deleting: true, status: { conditions: target(300) } }), now)).toBeUndefined();
  expect(untilStale(pod('p'), now)).toBeUndefined();
});
