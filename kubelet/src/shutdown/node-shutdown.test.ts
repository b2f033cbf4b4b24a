import { jest } from '@jest/globals';
import { nodes } from '@kubelab/api/resource-types';
import { conditionOf, TestNode } from '../testing/test-node.js';

jest.setTimeout(30_000);

let node: TestNode;

afterEach(() => node.stop());

const app = { name: 'app', image: 'app:1' };

test('a node that shuts down ends its pods and says so', async () => {
  node = await TestNode.start({
    config: { 'shutdown-grace-period': 5_000, 'shutdown-grace-period-critical-pods': 2_000 },
  });
  await node.createPod('web', { containers: [app], terminationGracePeriodSeconds: 60 });
  await node.createPod('dns', { containers: [app], priority: 2_000_001_000 });
  await Promise.all([node.untilReady('web'), node.untilReady('dns')]);
  await node.stopKubelet();
  for (const name of ['web', 'dns']) {
    const pod = node.pod(name);
    const message = 'Pod was terminated in response to imminent node shutdown.';
    expect(pod?.status).toMatchObject({ phase: 'Failed', reason: 'Terminated', message });
    expect(pod && conditionOf(pod, 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'TerminationByKubelet',
      message,
    });
  }
  const stops = node.runtime.callsOf('stopContainer') as { timeout: number }[];
  expect(stops.map(({ timeout }) => timeout)).toEqual([3, 2]);
  const [api] = node.cluster.all(nodes);
  expect(api?.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    message: 'node is shutting down',
  });
});

test('a kubelet that only restarts leaves its pods alone', async () => {
  const config = { 'shutdown-grace-period': 5_000, 'node-shutdown-file': '/nonexistent/stopping' };
  node = await TestNode.start({ config });
  await node.createPod('web', { containers: [app] });
  await node.untilReady('web');
  await node.stopKubelet();
  expect(node.runtime.running()).toHaveLength(1);
});
