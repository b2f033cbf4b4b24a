/** Kubelet, engine and the whole node are killed at random moments while pods come and go: nothing is started twice, nothing is left over. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { makeNamespace, nodeNames, type PodView, podsOf, project, runtime } from './lab.js';
import { containersOfPod, engineProcess, runningOfPod } from './node-runtime.js';
import { run } from './process.js';

const seed = Number(process.env['KUBELAB_CRASH_SEED'] ?? 20_250_101);
const rounds = 4;
const longestPauseMs = 1_500;

/** The same moments in every run with the same seed: mulberry32. */
function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = randomNumbers(seed);
let space: Awaited<ReturnType<typeof makeNamespace>>;
let node: string;
/** Of the container that is the node. */
let machine: string;

async function inNode(script: string): Promise<string> {
  const { code, stdout, stderr } = await run('docker', ['exec', machine, 'sh', '-c', script]);
  if (code !== 0) throw new Error(`${script}: ${stdout}${stderr}`);
  return stdout.trim();
}

/** runit starts it again, and it may be on its way from the last time. */
const kill = (search: string): Promise<string> =>
  inNode(`for i in $(seq 100); do pid=$(${search}) && break; sleep 0.1; done; kill -9 $pid`);
const killKubelet = (): Promise<string> => kill('pgrep -f "^node .*/kubelet.mjs"');
const killEngine = (): Promise<string> => kill(`pgrep -x ${engineProcess}`);

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, random() * longestPauseMs));

beforeAll(async () => {
  space = await makeNamespace('crash');
  node = (await nodeNames())[0] ?? '';
  const filter = [
    '--filter',
    `label=com.docker.compose.project=${project}`,
    '--filter',
    'label=com.docker.compose.service=node',
  ];
  const ids = (await run('docker', ['ps', '-q', ...filter])).stdout.split('\n').filter(Boolean);
  const names = await Promise.all(ids.map(async (id) => (await run('docker', ['exec', id, 'hostname'])).stdout.trim()));
  machine = ids[names.indexOf(node)] ?? '';
  expect(machine).not.toBe('');
});
afterAll(async () => {
  await space.remove();
  await inNode(`rm -rf /var/tmp/${space.name}`);
});

/** Each container writes a line when it starts. */
async function create(name: string, restartPolicy: 'Never' | 'Always'): Promise<void> {
  const volumeMounts = [
    { name: 'starts', mountPath: '/starts' },
    { name: 'scratch', mountPath: '/scratch' },
  ];
  const container = (part: string, then: string): object => ({
    name: part,
    image: 'busybox:1.36',
    command: ['sh', '-c', `echo ${part} >> /starts/${name}; ${then}`],
    volumeMounts,
  });
  const spec = {
    restartPolicy,
    terminationGracePeriodSeconds: 1,
    nodeSelector: { 'kubernetes.io/hostname': node },
    initContainers: [container('init', 'touch /scratch/done')],
    containers: [container('app', 'test -e /scratch/done && exec sleep 1000'), container('side', 'exec sleep 1000')],
    volumes: [
      { name: 'starts', hostPath: { path: `/var/tmp/${space.name}`, type: 'DirectoryOrCreate' } },
      { name: 'scratch', emptyDir: {} },
    ],
  };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { part: 'crash' } }, spec };
  await kubectl.run(['-n', space.name, 'create', '-f', '-'], { input: JSON.stringify(pod) });
}

/**
 * containerd breaks a start off when its caller dies, and a container that never ran has failed: with restartPolicy Never that is the pod's end,
 * as with upstream's kubelet.
 */
function brokenOff({ spec, status }: PodView): boolean {
  if (runtime !== 'containerd' || spec.restartPolicy !== 'Never') return false;
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].some(
    ({ state: { terminated } }) =>
      terminated?.reason === 'StartError' && /context canceled/.test(terminated.message ?? ''),
  );
}

const ready = ({ status }: PodView): boolean =>
  status.phase === 'Running' && (status.containerStatuses ?? []).every((container) => container.ready);

async function untilAllReady(count: number): Promise<PodView[]> {
  return eventually(
    async () => {
      const pods = await podsOf(kubectl, space.name, 'part=crash');
      const waiting = pods
        .filter((pod) => !ready(pod) && !brokenOff(pod))
        .map(({ metadata, status }) => `${metadata.name} ${status.phase}`);
      if (pods.length !== count || waiting.length > 0) throw new Error(`of ${pods.length}: ${waiting.join(', ')}`);
      return pods;
    },
    { what: `${count} ready pods (seed ${seed})`, timeoutMs: 90_000, intervalMs: 500 },
  );
}

/** What the node still has of a pod: containers, folders, logs, cgroups, mounts. */
const leftovers = (uid: string): Promise<string> =>
  inNode(
    `${containersOfPod(uid)}; ls -d /var/lib/kubelet/pods/${uid} /var/lib/kubelet/memory/${uid} /var/log/pods/*_${uid} 2>/dev/null; find /sys/fs/cgroup -type d -name '*${uid}*' 2>/dev/null; grep ${uid} /proc/mounts || true`,
  );

async function untilNothingIsLeft(uids: string[]): Promise<void> {
  await eventually(
    async () => {
      const left = (await Promise.all(uids.map(leftovers))).filter((text) => text !== '');
      expect(left).toEqual([]);
    },
    { what: `nothing is left on the node (seed ${seed})`, timeoutMs: 90_000, intervalMs: 1_000 },
  );
}

test('a kubelet that is killed while it starts pods starts nothing twice', async () => {
  for (let round = 0; round < rounds; round++) {
    await create(`once-${round}`, 'Never');
    await pause();
    await killKubelet();
  }
  const pods = await untilAllReady(rounds);
  for (const pod of pods) {
    const { metadata, status } = pod;
    const starts = (await inNode(`cat /var/tmp/${space.name}/${metadata.name} || true`)).split('\n').sort();
    if (brokenOff(pod)) expect(new Set(starts).size).toBe(starts.length);
    else {
      expect(starts).toEqual(['app', 'init', 'side']);
      expect(status.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0, 0]);
    }
    expect(await leftovers(metadata.uid)).toMatch(/[0-9a-f]{12}\n/);
  }
  const deleting = kubectl.run(['-n', space.name, 'delete', 'pods', '-l', 'part=crash']);
  for (let round = 0; round < 2; round++) {
    await pause();
    await killKubelet();
  }
  await deleting;
  await untilNothingIsLeft(pods.map(({ metadata }) => metadata.uid));
});

/**
 * Two containers and a sandbox each, and no second one of any. A pod that was ready before its node lost everything is still called so for a moment, so
 * this is waited for.
 */
async function untilEachRunsOnce(uids: string[]): Promise<void> {
  await eventually(
    async () => {
      const running = await Promise.all(uids.map((uid) => inNode(runningOfPod(uid))));
      expect(running.map((ids) => ids.split('\n').length)).toEqual(uids.map(() => 3));
    },
    { what: `each pod runs once (seed ${seed})`, timeoutMs: 90_000, intervalMs: 500 },
  );
}

test('an engine that is killed while pods start and end leaves nothing behind', async () => {
  for (let round = 0; round < 2; round++) {
    await create(`again-${round}`, 'Always');
    await pause();
    await killEngine();
  }
  const pods = await untilAllReady(2);
  const uids = pods.map(({ metadata }) => metadata.uid);
  await untilEachRunsOnce(uids);
  const deleting = kubectl.run(['-n', space.name, 'delete', 'pods', '-l', 'part=crash']);
  await pause();
  await killEngine();
  await deleting;
  await untilNothingIsLeft(uids);
});

/** As when the power goes: everything on the node is gone at once but its disks. */
async function killNode(): Promise<void> {
  for (const verb of ['kill', 'start']) {
    const { code, stderr } = await run('docker', [verb, machine]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
}

test('a node that is killed while pods start and end goes on where it was', async () => {
  for (let round = 0; round < 2; round++) {
    await create(`power-${round}`, 'Always');
    await pause();
    await killNode();
  }
  const pods = await untilAllReady(2);
  const uids = pods.map(({ metadata }) => metadata.uid);
  await untilEachRunsOnce(uids);
  const deleting = kubectl.run(['-n', space.name, 'delete', 'pods', '-l', 'part=crash']);
  await pause();
  await killNode();
  await deleting;
  await untilNothingIsLeft(uids);
});
