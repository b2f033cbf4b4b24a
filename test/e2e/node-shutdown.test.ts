/** A node that is told to stop ends its pods in order, and says so in their statuses, before it goes. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { containerOf, kubelab, makeNamespace, untilReady } from './lab.js';
import { run } from './process.js';

let space: Awaited<ReturnType<typeof makeNamespace>>;
const node = 'node-3';

beforeAll(async () => {
  space = await makeNamespace('shutdown');
  await kubectl.run(['-n', space.name, 'create', 'deployment', 'web', '--image=nginx', '--replicas=3']);
  await untilReady(kubectl, space.name, 'app=web', 3);
});
afterAll(async () => {
  await kubelab(['node', 'start', node]);
  await space.remove();
});

/** Ends with 42 when it is asked to. */
async function startPolite(name: string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      nodeName: node,
      // The lost node's pods are not to be evicted while somebody looks at them.
      tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
      containers: [
        { name: 'polite', image: 'busybox', command: ['sh', '-c', 'trap "exit 42" TERM; while :; do sleep 0.2; done'] },
      ],
    },
  };
  await kubectl.run(['apply', '-n', space.name, '-f', '-'], { input: JSON.stringify(pod) });
  await kubectl.run(['-n', space.name, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=80s']);
}

interface Ended {
  status: {
    phase: string;
    reason?: string;
    message?: string;
    conditions: { type: string; status: string; reason?: string }[];
    containerStatuses: { state: { terminated?: { exitCode: number } } }[];
  };
}

async function expectTerminated(name: string): Promise<void> {
  const { status } = await kubectl.json<Ended>(['-n', space.name, 'get', 'pod', name]);
  expect(status).toMatchObject({
    phase: 'Failed',
    reason: 'Terminated',
    message: 'Pod was terminated in response to imminent node shutdown.',
    containerStatuses: [{ state: { terminated: { exitCode: 42 } } }],
  });
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
  );
}

test('node stop: pods get their signal and end as Failed, the node is NotReady, a deployment goes on', async () => {
  await startPolite('one');
  expect(await kubelab(['node', 'stop', node])).toMatchObject({ code: 0 });
  await expectTerminated('one');
  const { status } = await kubectl.json<{ status: { conditions: { type: string }[] } }>(['get', 'node', node]);
  expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
    status: expect.stringMatching(/False|Unknown/),
  });
  const alive = async (): Promise<number> => {
    const selector = ['-l', 'app=web', '--field-selector=status.phase=Running', '-o', 'name'];
    return (await kubectl.run(['-n', space.name, 'get', 'pods', ...selector])).trim().split('\n').length;
  };
  await eventually(async () => expect(await alive()).toBe(3), { what: 'three pods elsewhere', timeoutMs: 60_000 });
});

test('what has ended stays so when the node comes back; docker stop does the same', async () => {
  expect(await kubelab(['node', 'start', node])).toMatchObject({ code: 0 });
  await expectTerminated('one');
  await startPolite('two');
  expect(await run('docker', ['stop', await containerOf(node)])).toMatchObject({ code: 0 });
  await expectTerminated('two');
});
