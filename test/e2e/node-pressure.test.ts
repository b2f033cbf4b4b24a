/** A small node that runs out of memory, of processes and of disk: its conditions and taints, who is evicted, and that it recovers. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { kubelab, makeNamespace, newestNode } from './lab.js';
import { run } from './process.js';

const name = 'tight';
const mi = 1024 * 1024;
const image = 'busybox:1.36';
const transition = '--eviction-pressure-transition-period=5s';
let space: Awaited<ReturnType<typeof makeNamespace>>;
let machine: string;

beforeAll(async () => {
  space = await makeNamespace('pressure');
  expect(await kubelab(['node', 'add', name, '--cpu', '1', '--memory', '768Mi'])).toMatchObject({ code: 0 });
  machine = await newestNode();
  const important = {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: space.name },
    value: 1000,
  };
  await kubectl.run(['create', '-f', '-'], { input: JSON.stringify(important) });
});
afterAll(async () => {
  await space.remove();
  await kubectl.try(['delete', 'priorityclass', space.name]);
  await kubelab(['node', 'remove', name]);
});

async function inNode(script: string): Promise<string> {
  const { code, stdout, stderr } = await run('docker', ['exec', machine, 'sh', '-c', script]);
  if (code !== 0) throw new Error(`${script}: ${stdout}${stderr}`);
  return stdout.trim();
}

/** With these beside its own, as its script has them; instead of those of the test before. */
async function restartKubelet(flags: readonly string[]): Promise<void> {
  const original = '/run/kubelet-run';
  await inNode(
    `[ -e ${original} ] || cp /run/service/kubelet/run ${original}; sed 's|--cgroup-root=/ |&${flags.join(' ')} |' ${original} > /run/service/kubelet/run; sv restart /run/service/kubelet`,
  );
  await inNode(
    'for i in $(seq 100); do curl -fsS http://localhost:10248/healthz >/dev/null 2>&1 && exit 0; sleep 0.2; done; exit 1',
  );
  await untilCondition('Ready', 'True');
}

interface Summary {
  memory: { availableBytes: number };
  rlimit: { maxpid: number; curproc: number };
}

async function summary(): Promise<Summary> {
  const text = await kubectl.run(['get', '--raw', `/api/v1/nodes/${name}/proxy/stats/summary`]);
  return (JSON.parse(text) as { node: Summary }).node;
}

async function untilCondition(type: string, status: string): Promise<string> {
  const fields = ['status', 'reason', 'message'].map((field) => `{.status.conditions[?(@.type=="${type}")].${field}}`);
  return eventually(
    async () => {
      const found = await kubectl.run(['get', 'node', name, '-o', `jsonpath=${fields.join('|')}`]);
      expect(found).toMatch(new RegExp(`^${status}\\|`));
      return found;
    },
    { what: `${type} is ${status}`, timeoutMs: 90_000, intervalMs: 500 },
  );
}

const taints = (): Promise<string> => kubectl.run(['get', 'node', name, '-o', 'jsonpath={.spec.taints[*].key}']);

async function create(pod: string, script: string, more: object = {}): Promise<void> {
  const container = {
    name: 'app',
    image,
    command: ['sh', '-c', script],
    volumeMounts: [{ name: 'v', mountPath: '/v' }],
  };
  const spec = {
    nodeName: name,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    containers: [container],
    volumes: [{ name: 'v', emptyDir: { medium: 'Memory' } }],
    ...more,
  };
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod }, spec };
  await kubectl.run(['-n', space.name, 'create', '-f', '-'], { input: JSON.stringify(object) });
}

const describePod = (pod: string): Promise<string> => kubectl.run(['-n', space.name, 'describe', 'pod', pod]);

async function untilSays(pod: string, text: RegExp): Promise<void> {
  await eventually(async () => expect(await describePod(pod)).toMatch(text), {
    what: `${pod} says ${text}`,
    timeoutMs: 90_000,
    intervalMs: 500,
  });
}

/** The node is as before: without the condition, without the taint. */
async function untilRecovered(type: string): Promise<void> {
  await untilCondition(type, 'False');
  await eventually(async () => expect(await taints()).toBe(''), { what: 'no taints', timeoutMs: 60_000 });
}

const fill = (mebibytes: number): string =>
  `dd if=/dev/zero of=/v/x bs=1M count=${mebibytes} 2>/dev/null; exec sleep 1000`;

test('memory: the less important pod goes first although it uses less, and no other without requests is let in', async () => {
  const free = Math.floor((await summary()).memory.availableBytes / mi);
  await restartKubelet([`--eviction-hard="memory.available<${free - 180}Mi"`, transition]);
  await create('important', fill(140), { priorityClassName: space.name });
  await create('ordinary', fill(100));
  const [, reason, message] = (await untilCondition('MemoryPressure', 'True')).split('|');
  expect([reason, message]).toEqual(['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available']);
  await create('late', 'sleep 1000');
  await untilSays(
    'ordinary',
    new RegExp(
      `Status:\\s+Failed\\nReason:\\s+Evicted\\nMessage:\\s+The node was low on resource: memory\\. Threshold quantity: ${free - 180}Mi, available: \\d+[KM]i\\. Container app was using \\d+[KM]i, request is 0, has larger consumption of memory\\.`,
    ),
  );
  expect(await describePod('ordinary')).toMatch(/Warning\s+Evicted\s.*The node was low on resource: memory\./);
  expect(await describePod('ordinary')).toMatch(/DisruptionTarget\s+True/);
  await untilSays(
    'late',
    /Reason:\s+Evicted\nMessage:\s+Pod was rejected: The node had condition: \[MemoryPressure\]\./,
  );
  expect(await describePod('important')).toMatch(/Status:\s+Running/);
  const events = await kubectl.run(['get', 'events', '--field-selector', `involvedObject.name=${name}`]);
  expect(events).toMatch(/Warning\s+EvictionThresholdMet\s+node\/tight\s+Attempting to reclaim memory/);
  await untilRecovered('MemoryPressure');
  await kubectl.run(['-n', space.name, 'delete', 'pods', '--all']);
});

test('processes: who has most of them goes', async () => {
  const { maxpid, curproc } = (await summary()).rlimit;
  await restartKubelet([`--eviction-hard="pid.available<${maxpid - curproc - 60}"`, transition]);
  await create('few', 'exec sleep 1000');
  await create('many', 'for i in $(seq 120); do sleep 1000 & done; wait');
  const [, reason, message] = (await untilCondition('PIDPressure', 'True')).split('|');
  expect([reason, message]).toEqual(['KubeletHasInsufficientPID', 'kubelet has insufficient PID available']);
  await untilSays(
    'many',
    /Reason:\s+Evicted\nMessage:\s+The node was low on resource: pids\. Threshold quantity: \S+, available: \S+\./,
  );
  expect(await describePod('few')).toMatch(/Status:\s+Running/);
  await untilRecovered('PIDPressure');
  await kubectl.run(['-n', space.name, 'delete', 'pods', '--all']);
});

test('disk: a pod that fills it is told so, evicted, and its data goes', async () => {
  const disk = '/var/lib/small';
  await inNode(`mkdir -p ${disk} && mount -t tmpfs -o size=64m,mode=755 small ${disk} && mount --make-rshared ${disk}`);
  await restartKubelet([`--root-dir=${disk} --cert-dir=/var/lib/kubelet/pki`, transition]);
  const onDisk = { volumes: [{ name: 'v', emptyDir: {} }] };
  await create('bystander', 'exec sleep 1000', onDisk);
  await create('filler', 'dd if=/dev/zero of=/v/x bs=1M 2>&1 | grep -o "No space left.*"; exec sleep 1000', onDisk);
  await eventually(
    async () => expect(await kubectl.run(['-n', space.name, 'logs', 'filler'])).toMatch(/No space left on device/),
    { what: 'the full disk', timeoutMs: 60_000 },
  );
  const [, reason, message] = (await untilCondition('DiskPressure', 'True')).split('|');
  expect([reason, message]).toEqual(['KubeletHasDiskPressure', 'kubelet has disk pressure']);
  await untilSays(
    'filler',
    /Reason:\s+Evicted\nMessage:\s+The node was low on resource: ephemeral-storage\. Threshold quantity: \S+, available: \S+\. Container app was using \S+, request is 0, has larger consumption of ephemeral-storage\./,
  );
  await untilRecovered('DiskPressure');
  expect(await describePod('bystander')).toMatch(/Status:\s+Running/);
  await create('next', 'exec sleep 1000', onDisk);
  await kubectl.run(['-n', space.name, 'wait', 'pod/next', '--for=condition=Ready', '--timeout=60s'], {
    timeoutMs: 70_000,
  });
  await kubectl.run(['-n', space.name, 'delete', 'pods', '--all']);
});
