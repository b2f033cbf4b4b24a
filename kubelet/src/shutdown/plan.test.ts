import type { Pod } from '@kubelab/api/types';
import { planShutdown } from './plan.js';

const pod = (name: string, grace: number, priority = 0): Pod =>
  ({ metadata: { name }, spec: { containers: [], terminationGracePeriodSeconds: grace, priority } }) as unknown as Pod;

test('regular pods end first, critical ones after them, nobody gets more than their group', () => {
  const pods = [pod('dns', 30, 2_000_000_000), pod('web', 5), pod('slow', 600)];
  const plan = planShutdown(pods, { totalMs: 30_000, criticalMs: 10_000 });
  expect(
    plan.map(({ periodMs, pods: members }) => [
      periodMs,
      members.map((item) => [item.pod.metadata.name, item.graceSeconds]),
    ]),
  ).toEqual([
    [
      20_000,
      [
        ['web', 5],
        ['slow', 20],
      ],
    ],
    [10_000, [['dns', 10]]],
  ]);
});

test('without pods there is nothing to wait for', () => {
  expect(planShutdown([], { totalMs: 30_000, criticalMs: 10_000 })).toEqual([]);
});
