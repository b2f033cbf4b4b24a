import { ago, node, pod } from '../testing/objects.js';
import { planPodGc } from './plan.js';

const outOfService = { key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' };
const names = (plan: ReturnType<typeof planPodGc>) => plan.remove.map((entry) => entry.pod.metadata.name);

test('pods of nodes that are gone, once they are believed to be', () => {
  const pods = [pod('a', { node: 'gone' }), pod('b', { node: 'unseen' }), pod('c', { node: 'n1' })];
  const plan = planPodGc(pods, [node('n1')], new Set(['gone']), 0);
  expect(plan.missingNodes).toEqual(new Set(['gone', 'unseen']));
  expect(plan.remove).toEqual([{ pod: pods[0], disruption: 'PodGC: node no longer exists' }]);
});

test('pods that were deleted before they had a node', () => {
  expect(
    names(
      planPodGc(
        [pod('a', { deleting: true }), pod('b'), pod('c', { deleting: true, node: 'n1' })],
        [node('n1')],
        new Set(),
        0,
      ),
    ),
  ).toEqual(['a']);
});

test('leaving pods of a node that is out of service, but not while it is ready', () => {
  const pods = [pod('leaving', { deleting: true, node: 'n1' }), pod('staying', { node: 'n1' })];
  expect(names(planPodGc(pods, [node('n1', { ready: 'Unknown', taints: [outOfService] })], new Set(), 0))).toEqual([
    'leaving',
  ]);
  expect(names(planPodGc(pods, [node('n1', { taints: [outOfService] })], new Set(), 0))).toEqual([]);
});

test('terminated pods beyond the threshold: evicted ones first, then the oldest', () => {
  const ended = (name: string, age: number, status = {}) =>
    pod(name, { node: 'n1', phase: 'Failed', metadata: { creationTimestamp: ago(age) }, status });
  const pods = [
    ended('young', 10),
    ended('old', 100),
    ended('evicted', 1, { phase: 'Failed', reason: 'Evicted' }),
    pod('running', { node: 'n1' }),
  ];
  expect(names(planPodGc(pods, [node('n1')], new Set(), 1))).toEqual(['evicted', 'old']);
  expect(names(planPodGc(pods, [node('n1')], new Set(), 0))).toEqual([]);
});
