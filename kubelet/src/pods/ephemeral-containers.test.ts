import { jest } from '@jest/globals';
import { pods } from '@kubelab/api/resource-types';
import type { EphemeralContainer, Pod } from '@kubelab/api/types';
import { conditionOf, TestNode } from '../testing/test-node.js';

jest.setTimeout(30_000);

let node: TestNode;

afterEach(() => node.stop());

async function debug(container: EphemeralContainer): Promise<void> {
  const current = await node.cluster.get<Pod>(pods, 'web', 'default');
  await node.cluster.update(pods, { ...current, spec: { ...current.spec, ephemeralContainers: [container] } });
}

test('an ephemeral container joins a running pod, sees its target, and is not started again', async () => {
  node = await TestNode.start({ prepare: ({ runtime }) => runtime.images.set('debug:1', {}) });
  await node.createPod('web', { containers: [{ name: 'app', image: 'app:1' }] });
  await node.untilReady('web');
  await debug({ name: 'debugger', image: 'debug:1', targetContainerName: 'app', stdin: true, tty: true });
  await node.untilPod('web', 'is debugged', ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.running);
  const [app] = node.runtime.named('app');
  const [debuggerOne] = node.runtime.named('debugger');
  expect(debuggerOne?.config.linux?.securityContext?.namespaceOptions).toMatchObject({
    pid: 'TARGET',
    targetId: app?.id,
  });
  expect(debuggerOne?.sandboxId).toBe(app?.sandboxId);
  node.runtime.exit(debuggerOne?.id ?? '', 1);
  const pod = await node.untilPod(
    'web',
    'is not debugged any more',
    ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.terminated?.exitCode === 1,
  );
  expect(conditionOf(pod, 'Ready')?.status).toBe('True');
  expect(node.runtime.named('debugger')).toHaveLength(1);
  expect(node.runtime.named('app')).toHaveLength(1);
});

test('one whose image is missing says so and leaves the pod ready', async () => {
  node = await TestNode.start();
  await node.createPod('web', { containers: [{ name: 'app', image: 'app:1' }] });
  await node.untilReady('web');
  await debug({ name: 'debugger', image: 'nosuch:1' });
  const pod = await node.untilPod(
    'web',
    'waits',
    ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.waiting,
  );
  expect(pod.status?.ephemeralContainerStatuses?.[0]?.state?.waiting?.reason).toMatch(
    /ErrImagePull|ImagePullBackOff|ContainerCreating/,
  );
  expect(conditionOf(pod, 'Ready')?.status).toBe('True');
});
