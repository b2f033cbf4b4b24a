/** A node that comes back with another pod range: on containerd what runs keeps its addresses, on Docker it is started anew with new ones. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { kubelab, makeNamespace, nodeNames, project, runtime } from './lab.js';
import { run } from './process.js';

const name = 'ranged';
/** Is there only to have the range. */
const squatter = 'squatter';
let space: Awaited<ReturnType<typeof makeNamespace>>;
let machine: string;

const kubelet = (signal: 'STOP' | 'CONT') =>
  run('docker', ['exec', machine, 'pkill', `-${signal}`, '-f', '^node .*/kubelet.mjs']);

beforeAll(async () => {
  space = await makeNamespace('range');
  expect(await kubelab(['node', 'add', name])).toMatchObject({ code: 0 });
  const filters = [`label=com.docker.compose.project=${project}`, 'label=com.docker.compose.service=node'];
  const ids = (await run('docker', ['ps', '-q', ...filters.flatMap((filter) => ['--filter', filter])])).stdout;
  // The newest comes first.
  machine = ids.split('\n')[0] ?? '';
}, 120_000);
afterAll(async () => {
  await kubelet('CONT');
  await space.remove();
  await kubectl.try(['delete', 'node', squatter]);
  await kubelab(['node', 'remove', name]);
}, 120_000);

const rangeOf = (node: string): Promise<string> => kubectl.run(['get', 'node', node, '-o', 'jsonpath={.spec.podCIDR}']);

/** A pod with a web page that says its name; resolves with its address. */
async function startWeb(pod: string, node: string): Promise<string> {
  const spec = {
    terminationGracePeriodSeconds: 0,
    nodeSelector: { 'kubernetes.io/hostname': node },
    containers: [
      {
        name: 'web',
        image: 'busybox:1.36',
        command: ['sh', '-c', `mkdir /www; echo ${pod} > /www/index.html; exec httpd -f -p 8080 -h /www`],
      },
    ],
  };
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod }, spec };
  await kubectl.run(['-n', space.name, 'create', '-f', '-'], { input: JSON.stringify(object) });
  await kubectl.run(['-n', space.name, 'wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=60s']);
  return kubectl.run(['-n', space.name, 'get', 'pod', pod, '-o', 'jsonpath={.status.podIP}']);
}

const fetch = (pod: string, address: string): Promise<string> =>
  kubectl.run(['-n', space.name, 'exec', pod, '--', 'wget', '-q', '-T', '5', '-O', '-', `http://${address}:8080/`]);

/** 10.244.3.0/24 of 10.244.3.7. */
const rangeAround = (address: string): string => address.replace(/\d+$/, '0/24');

/** The node is gone for long enough that another takes its range. */
async function moveRange(): Promise<void> {
  const before = await rangeOf(name);
  await kubelet('STOP');
  await kubectl.run(['delete', 'node', name]);
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: squatter } };
  await kubectl.run(['create', '-f', '-'], { input: JSON.stringify(node) });
  await eventually(async () => expect(await rangeOf(squatter)).toBe(before), { what: 'the range to be taken' });
  await kubelet('CONT');
  await eventually(() => kubectl.run(['get', 'node', name]), { what: 'the node to come back' });
  await kubectl.run(['wait', '--for=condition=Ready', `node/${name}`, '--timeout=60s']);
  expect(await rangeOf(name)).not.toBe(before);
}

const onContainerd = runtime === 'containerd' ? test : test.skip;
/** The shim gives its engine another bridge and restarts it. */
const onDocker = runtime === 'containerd' ? test.skip : test;

onDocker(
  'running pods are started anew with addresses of the new range, once, and reach all others',
  async () => {
    const old = await startWeb('old', name);
    await moveRange();
    const range = await rangeOf(name);
    const status = (path: string): Promise<string> =>
      kubectl.run(['-n', space.name, 'get', 'pod', 'old', '-o', `jsonpath={.status.${path}}`]);
    await eventually(async () => expect(rangeAround(await status('podIP'))).toBe(range), {
      what: 'an address of the new range',
    });
    await kubectl.run(['-n', space.name, 'wait', '--for=condition=Ready', 'pod/old', '--timeout=60s']);
    expect(await status('podIP')).not.toBe(old);
    expect(await status('containerStatuses[0].restartCount')).toBe('1');
    expect(await kubectl.run(['-n', space.name, 'describe', 'pod', 'old'])).toContain(
      'Pod sandbox changed, it will be killed and re-created.',
    );
    const [other = ''] = await nodeNames();
    const far = await startWeb('other', other);
    expect(await fetch('other', await status('podIP'))).toBe('old\n');
    expect(await fetch('old', far)).toBe('other\n');
    await kubectl.run(['-n', space.name, 'delete', 'pod', '--all', '--timeout=60s']);
  },
  180_000,
);

onContainerd(
  'running pods keep their addresses, new ones have the new range, and all of them reach each other on the node',
  async () => {
    const old = await startWeb('old', name);
    expect(rangeAround(old)).toBe(await rangeOf(name));
    await moveRange();
    const range = await rangeOf(name);
    await eventually(async () => {
      const file = await run('docker', ['exec', machine, 'sh', '-c', 'cat /run/cni/net.d/*.conflist']);
      expect(file.stdout).toContain(range);
    });
    const young = await startWeb('young', name);
    expect(rangeAround(young)).toBe(range);
    const [other = ''] = await nodeNames();
    await startWeb('other', other);
    expect(await fetch('other', young)).toBe('young\n');
    expect(await kubectl.run(['-n', space.name, 'get', 'pod', 'old', '-o', 'jsonpath={.status.podIP}'])).toBe(old);
    expect(await fetch('old', young)).toBe('young\n');
    expect(await fetch('young', old)).toBe('old\n');
    await kubectl.run(['-n', space.name, 'delete', 'pod', '--all', '--timeout=60s']);
    await eventually(
      async () => {
        const left = await run('docker', ['exec', machine, 'sh', '-c', 'ls /run/cni/ipam/pods | grep ^10']);
        expect(left.stdout).toBe('');
      },
      { what: 'no address in use' },
    );
  },
  180_000,
);
