import { jest } from '@jest/globals';
import { pods } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { conditionOf, TestNode } from '../testing/test-node.js';

jest.setTimeout(30_000);

let node: TestNode;
const gate = 'example.com/in-service';

beforeEach(async () => {
  node = await TestNode.start();
  await node.createPod('web', {
    containers: [{ name: 'app', image: 'app:1' }],
    readinessGates: [{ conditionType: gate }],
  });
  await node.untilPod(
    'web',
    'its containers are ready',
    (pod) => conditionOf(pod, 'ContainersReady')?.status === 'True',
  );
});
afterEach(() => node.stop());

/** As another controller does. */
async function say(status: string): Promise<void> {
  const pod = await node.cluster.get<Pod>(pods, 'web', 'default');
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== gate);
  await node.cluster.update(pods, {
    ...pod,
    status: { ...pod.status, conditions: [...others, { type: gate, status }] },
  });
}

const ready = (pod: Pod | undefined) => pod && conditionOf(pod, 'Ready');

test('a pod is ready when somebody has said so, and not any more when that is taken back', async () => {
  expect(ready(node.pod('web'))).toMatchObject({
    status: 'False',
    reason: 'ReadinessGatesNotReady',
    message: `corresponding condition of pod readiness gate "${gate}" does not exist.`,
  });
  await say('True');
  await node.untilReady('web');
  await say('False');
  const after = await node.untilPod('web', 'is not ready', (pod) => ready(pod)?.status === 'False');
  expect(ready(after)).toMatchObject({
    reason: 'ReadinessGatesNotReady',
    message: `the status of pod readiness gate "${gate}" is not "True", but False`,
  });
  // The kubelet leaves the condition to its owner.
  expect(conditionOf(after, gate)?.status).toBe('False');
  expect(node.runtime.named('app')).toHaveLength(1);
});
