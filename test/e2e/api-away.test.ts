/** An API server that is away: pods go on, what ends is restarted, and the API hears of it afterwards. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { containerOf, makeNamespace, nodeNames, startShell, untilReady } from './lab.js';
import { run } from './process.js';

let space: Awaited<ReturnType<typeof makeNamespace>>;
let apiServer: string;

beforeAll(async () => {
  space = await makeNamespace('away');
  apiServer = await containerOf('apiserver');
});
afterAll(async () => {
  await run('docker', ['start', apiServer]);
  await space.remove();
});

test('a container that ends meanwhile is restarted meanwhile, once', async () => {
  await startShell(space.name, 'steady', 'node-1');
  await untilReady(kubectl, space.name, 'app=steady', 1);
  const machine = await containerOf('node-1');
  const marker = `sleep ${1e6 + (process.pid % 1e5)}`;
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'ends', labels: { app: 'ends' } },
    spec: {
      nodeName: 'node-1',
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'app', image: 'busybox:1.36', command: ['sh', '-c', `${marker} & wait; exit 3`] }],
    },
  };
  await kubectl.run(['-n', space.name, 'create', '-f', '-'], { input: JSON.stringify(object) });
  await untilReady(kubectl, space.name, 'app=ends', 1);
  const processOf = async (): Promise<string> =>
    (await run('docker', ['exec', machine, 'pgrep', '-f', '-x', marker])).stdout.trim();
  const first = await processOf();
  expect(first).toMatch(/^\d+$/);

  expect((await run('docker', ['stop', '-t', '1', apiServer])).code).toBe(0);
  expect((await run('docker', ['exec', machine, 'kill', '-9', first])).code).toBe(0);
  const second = await eventually(
    async () => {
      const found = await processOf();
      expect(found).toMatch(/^\d+$/);
      expect(found).not.toBe(first);
      return found;
    },
    { what: 'the container runs again', timeoutMs: 60_000, intervalMs: 300 },
  );
  expect((await run('docker', ['start', apiServer])).code).toBe(0);

  await eventually(
    async () => {
      const fields =
        '{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].lastState.terminated.exitCode}';
      expect(await kubectl.run(['-n', space.name, 'get', 'pod', 'ends', '-o', `jsonpath=${fields}`])).toBe('1 3');
      const steady = await kubectl.run(['-n', space.name, 'get', 'pod', 'steady']);
      expect(steady).toMatch(/1\/1\s+Running\s+0/);
    },
    { what: 'the status has caught up', timeoutMs: 90_000, intervalMs: 500 },
  );
  expect(await processOf()).toBe(second);
  for (const name of await nodeNames())
    await kubectl.run(['wait', '--for=condition=Ready', `node/${name}`, '--timeout=60s'], { timeoutMs: 70_000 });
});
