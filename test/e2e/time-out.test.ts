/** A wait that is in vain ends: with what was awaited, the last that was seen of it, and the last words of the part that is late. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { containerOf, kubelab } from './lab.js';
import { run } from './process.js';

test('up names the API server when that is frozen', async () => {
  const container = await containerOf('apiserver');
  await run('docker', ['pause', container]);
  try {
    const { code, stdout, stderr } = await kubelab(['up', '--timeout', '4']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^kubelab: Waited 4 s for the API server to be ready; the last state was: .+\.$/m);
    expect(stderr).toMatch(/^ {2}\| \{.*"component":"kube-apiserver"/m);
    expect(stderr).toMatch(/^See `\.\/kubelab logs apiserver`/m);
    expect(stdout).toMatch(/The logs of all parts are in /);
  } finally {
    await run('docker', ['unpause', container]);
  }
  expect(await kubelab(['up'])).toMatchObject({ code: 0 });
});

test('up names the node whose kubelet is gone', async () => {
  const container = await containerOf('node-3');
  const service = (verb: string): ReturnType<typeof run> =>
    run('docker', ['exec', container, 'sv', verb, '/run/service/kubelet']);
  await service('down');
  try {
    await eventually(async () => expect(await kubectl.run(['get', 'node', 'node-3'])).toMatch(/NotReady/), {
      what: 'NotReady',
      timeoutMs: 60_000,
    });
    const { code, stderr } = await kubelab(['up', '--timeout', '3']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^kubelab: Waited 3 s for 3 nodes to be Ready; the last state was: node-3 is NotReady\.$/m);
    expect(stderr).toMatch(/^ {2}\| (kubelet|kube-proxy|dockershim|dockerd|node) \| /m);
  } finally {
    await service('up');
  }
  expect(await kubelab(['up'])).toMatchObject({ code: 0 });
});
