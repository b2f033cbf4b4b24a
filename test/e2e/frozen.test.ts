/** A kubelet and an engine that hang without ending: the cluster says so, their pods go on, and afterwards everything is as it was. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { containerOf, makeNamespace, nodeNames } from './lab.js';
import { engineProcess } from './node-runtime.js';
import { run } from './process.js';

let space: Awaited<ReturnType<typeof makeNamespace>>;
let victim: string;
let other: string;
/** Of the container that is the node. */
let machine: string;

const patience = 180_000;
const kubeletSearch = `-f '^node .*/kubelet.mjs'`;
const engineSearch = `-x ${engineProcess}`;

async function signal(search: string, name: 'STOP' | 'CONT'): Promise<void> {
  const { code, stderr } = await run('docker', ['exec', machine, 'sh', '-c', `pkill -${name} ${search}`]);
  if (code !== 0) throw new Error(`pkill -${name} ${search}: ${stderr}`);
}

async function startWeb(name: string, node: string): Promise<void> {
  const spec = {
    terminationGracePeriodSeconds: 1,
    nodeSelector: { 'kubernetes.io/hostname': node },
    // It is to be there when the node is back.
    tolerations: [{ operator: 'Exists' }],
    containers: [
      {
        name: 'web',
        image: 'busybox:1.36',
        command: ['sh', '-c', `mkdir /www; echo ${name} > /www/index.html; exec httpd -f -p 8080 -h /www`],
      },
    ],
  };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
  await kubectl.run(['-n', space.name, 'create', '-f', '-'], { input: JSON.stringify(pod) });
}

const inSpace = (...args: string[]): Promise<string> => kubectl.run(['-n', space.name, ...args]);
const untilReady = (name: string): Promise<string> =>
  inSpace('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
const describePod = (name: string): Promise<string> => inSpace('describe', 'pod', name);

interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

async function readiness(): Promise<Condition | undefined> {
  const node = await kubectl.json<{ status: { conditions: Condition[] } }>(['get', 'node', victim]);
  return node.status.conditions.find(({ type }) => type === 'Ready');
}

const untilReadiness = (expected: Partial<Condition>): Promise<unknown> =>
  eventually(async () => expect(await readiness()).toMatchObject(expected), {
    what: `the node to be ${JSON.stringify(expected)}`,
    timeoutMs: 90_000,
  });

/** What tells one run of a pod from another. */
const runOf = (name: string): Promise<string> =>
  inSpace(
    'get',
    'pod',
    name,
    '-o',
    'jsonpath={.status.podIP} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}',
  );

async function expectReachable(): Promise<void> {
  const [address = ''] = (await runOf('steady')).split(' ');
  expect(await inSpace('exec', 'caller', '--', 'wget', '-q', '-T', '5', '-O', '-', `http://${address}:8080/`)).toBe(
    'steady\n',
  );
}

beforeAll(async () => {
  space = await makeNamespace('frozen');
  [victim = '', other = ''] = await nodeNames();
  machine = await containerOf(victim);
  await startWeb('steady', victim);
  await startWeb('caller', other);
  await untilReady('steady');
  await untilReady('caller');
}, patience);
afterAll(async () => {
  await signal(kubeletSearch, 'CONT');
  await signal(engineSearch, 'CONT');
  await space.remove();
}, patience);

test(
  'a kubelet that hangs: its node is not known, its pods go on, and it goes on where it was',
  async () => {
    const before = await runOf('steady');
    await startWeb('leaving', victim);
    await untilReady('leaving');
    await signal(kubeletSearch, 'STOP');
    await untilReadiness({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    await eventually(
      async () => expect(await describePod('steady')).toMatch(/Warning\s+NodeNotReady\s.*Node is not ready/),
      {
        what: 'the event of the pod',
      },
    );
    await inSpace('delete', 'pod', 'leaving', '--wait=false');
    await startWeb('late', victim);
    await expectReachable();
    await signal(kubeletSearch, 'CONT');
    await untilReadiness({ status: 'True', reason: 'KubeletReady' });
    await untilReady('late');
    await untilReady('steady');
    await inSpace('wait', '--for=delete', 'pod/leaving', '--timeout=60s');
    expect(await runOf('steady')).toBe(before);
    await inSpace('delete', 'pod', 'late');
  },
  patience,
);

test(
  'an engine that hangs: the node is not ready and says why, its pods go on, and all is as it was when it goes on',
  async () => {
    const before = await runOf('steady');
    await signal(engineSearch, 'STOP');
    await untilReadiness({ status: 'False', reason: 'KubeletNotReady', message: 'container runtime is down' });
    await startWeb('late', victim);
    await expectReachable();
    expect(await inSpace('get', 'pod', 'late')).toMatch(/late\s+0\/1\s+ContainerCreating\s+0/);
    await signal(engineSearch, 'CONT');
    await untilReadiness({ status: 'True', reason: 'KubeletReady' });
    await untilReady('late');
    await untilReady('steady');
    expect(await runOf('steady')).toBe(before);
    expect((await runOf('late')).split(' ').at(-1)).toBe('0');
    await inSpace('delete', 'pod', 'late');
  },
  patience,
);
