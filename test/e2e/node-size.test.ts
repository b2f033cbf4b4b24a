/** Nodes of their own size: what is asked for is what the node reports and what the kernel enforces, for as long as the node lives. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { kubelab, makeNamespace, newestNode, nodeNames } from './lab.js';
import { run } from './process.js';

const name = 'small';
let space: Awaited<ReturnType<typeof makeNamespace>>;
beforeAll(async () => {
  space = await makeNamespace('size');
  expect(await kubelab(['node', 'add', name, '--cpu', '1', '--memory', '1Gi'])).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await space.remove();
  await kubelab(['node', 'remove', name]);
});

const inNode = async (...command: string[]): Promise<string> =>
  (await run('docker', ['exec', await newestNode(), ...command])).stdout.trim();

async function expectSmall(): Promise<void> {
  const amounts = 'jsonpath={.status.capacity.cpu} {.status.capacity.memory} {.status.allocatable.memory}';
  // Allocatable is what is left above the threshold at which the kubelet begins to evict.
  const expected = '1 1Gi 924Mi';
  await eventually(async () => expect(await kubectl.run(['get', 'node', name, '-o', amounts])).toBe(expected), {
    what: 'the size of the node',
    timeoutMs: 60_000,
  });
  const v1 = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us';
  const v2 = 'cat /sys/fs/cgroup/memory.max; cut -d " " -f 1 /sys/fs/cgroup/cpu.max';
  expect(
    (await inNode('sh', '-c', `if [ -e /sys/fs/cgroup/cpu.max ]; then ${v2}; else ${v1}; fi`)).split('\n'),
  ).toEqual([String(1024 ** 3), '100000']);
}

test('is what the node reports and what its cgroup says', expectSmall);

test('a pod that wants more memory than the node has is killed, the node goes on', async () => {
  const overrides = JSON.stringify({ spec: { nodeName: name } });
  const command = ['--restart=Never', `--overrides=${overrides}`, '--command', '--', 'sh', '-c', 'tail /dev/zero'];
  await kubectl.run(['-n', space.name, 'run', 'greedy', '--image=busybox', ...command]);
  const view = async (): Promise<{ phase: string; reason?: string; containerStatuses?: unknown[] }> =>
    (await kubectl.json<{ status: { phase: string } }>(['-n', space.name, 'get', 'pod', 'greedy'])).status;
  await eventually(async () => expect((await view()).phase).toBe('Failed'), { what: 'the kill', timeoutMs: 90_000 });
  const { reason, containerStatuses } = await view();
  // The kubelet may have been quicker than the kernel.
  if (reason !== 'Evicted') {
    expect(containerStatuses).toMatchObject([
      { state: { terminated: { exitCode: 137, reason: expect.stringMatching(/^(OOMKilled|Error)$/) } } },
    ]);
  }
  await kubectl.run(['wait', '--for=condition=Ready', `node/${name}`, '--timeout=60s']);
});

test('stays through stop and start', async () => {
  expect(await kubelab(['node', 'stop', name])).toMatchObject({ code: 0 });
  expect(await kubelab(['node', 'start', name])).toMatchObject({ code: 0 });
  await expectSmall();
});

test('stays when Compose makes the container anew', async () => {
  await run('docker', ['rm', '-f', '-v', await newestNode()]);
  const { code, stdout, stderr } = await kubelab(['up']);
  expect({ code, output: `${stdout}${stderr}` }).toEqual({ code: 0, output: expect.anything() });
  await expectSmall();
});

test('up with fewer nodes takes the newest away, with its disks', async () => {
  const mounts = '{{range .Mounts}}{{if and (eq .Type "volume") (gt (len .Name) 60)}}{{println .Name}}{{end}}{{end}}';
  const disks = (await run('docker', ['inspect', '--format', mounts, await newestNode()])).stdout.trim().split('\n');
  expect(disks.length).toBeGreaterThan(1);
  const { code, stdout, stderr } = await kubelab(['up', '--nodes', '3']);
  expect({ code, output: `${stdout}${stderr}` }).toEqual({ code: 0, output: expect.anything() });
  expect(await nodeNames()).not.toContain(name);
  const left = (await run('docker', ['volume', 'ls', '-q'])).stdout.split('\n');
  expect(left.filter((volume) => disks.includes(volume))).toEqual([]);
});

test.each([
  [['--memory', '1Mi'], 1, /needs at least 384Mi of memory/],
  [['--memory', '99Ti'], 1, /cannot have \d+Mi of memory: this machine has \d+Mi/],
  [['--cpu', '9999'], 1, /cannot have 9999 CPUs: this machine has \d+/],
  [['--cpu', 'two'], 2, /number of CPUs/],
  [['--memory', 'much'], 2, /It must be a size/],
])('%j is refused', async (flags, code, message) => {
  const result = await kubelab(['node', 'add', 'never', ...flags]);
  expect(result.code).toBe(code);
  expect(result.stderr).toMatch(message);
});
