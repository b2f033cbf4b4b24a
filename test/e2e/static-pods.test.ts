/** Pods that a node finds in its own folder: they run without the API, which shows a mirror of each. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { containerOf, makeNamespace } from './lab.js';
import { run } from './process.js';

const node = 'node-1';
const folder = '/etc/kubernetes/manifests';
let space: Awaited<ReturnType<typeof makeNamespace>>;
/** Of the container that is the node. */
let machine: string;
let file: string;
let pod: string;

async function inNode(script: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await run('docker', ['exec', '-i', machine, 'sh', '-c', script], {
    input: input ?? '',
  });
  if (code !== 0) throw new Error(`${script}: ${stdout}${stderr}`);
  return stdout.trim();
}

/** Straight into the file, as an editor may. */
const write = (text: string): Promise<string> => inNode(`cat > ${folder}/${file}`, text);

const manifest = (color: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${space.name}, namespace: ${space.name}, labels: {color: ${color}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: app
      image: busybox:1.36
      command: [sh, -c, "echo ${color}; trap exit TERM; while :; do sleep 0.2; done"]
`;

interface StaticView {
  metadata: { uid: string; annotations: Record<string, string>; labels: Record<string, string> };
  status: { conditions: { type: string; status: string }[]; containerStatuses: { containerID: string }[] };
}

const get = (): Promise<StaticView> => kubectl.json<StaticView>(['-n', space.name, 'get', 'pod', pod]);
const isReady = ({ status }: StaticView): boolean =>
  (status.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True');

function untilReady(what: string, holds: (found: StaticView) => boolean): Promise<StaticView> {
  return eventually(
    async () => {
      const found = await get();
      if (!isReady(found) || !holds(found)) throw new Error(JSON.stringify(found.status));
      return found;
    },
    { what, timeoutMs: 60_000, intervalMs: 300 },
  );
}

beforeAll(async () => {
  space = await makeNamespace('static');
  machine = await containerOf(node);
  file = `${space.name}.yaml`;
  pod = `${space.name}-${node}`;
});
afterAll(async () => {
  await inNode(`rm -f ${folder}/${space.name}*`);
  await space.remove();
});

test('a manifest runs, and kubectl sees it as any other pod', async () => {
  await write(manifest('red'));
  const found = await untilReady('the mirror is ready', () => true);
  const hash = found.metadata.annotations['kubernetes.io/config.hash'];
  expect(found.metadata.annotations).toMatchObject({
    'kubernetes.io/config.source': 'file',
    'kubernetes.io/config.mirror': hash,
  });
  expect(await kubectl.run(['-n', space.name, 'logs', pod])).toBe('red\n');
  expect(await kubectl.run(['-n', space.name, 'exec', pod, '--', 'hostname'])).toBe(`${pod}\n`);
  const description = await kubectl.run(['-n', space.name, 'describe', 'pod', pod]);
  expect(description).toMatch(new RegExp(`Controlled By:\\s+Node/${node}`));
  expect(description).toMatch(/Tolerations:\s+:NoExecute op=Exists/);
  expect(description).toMatch(/Normal\s+Started\s.*Started container app/);
});

test('another content is another pod, and the first one goes', async () => {
  const before = await get();
  await write(manifest('blue'));
  const after = await untilReady('the new mirror is ready', ({ metadata }) => metadata.labels['color'] === 'blue');
  expect(after.metadata.uid).not.toBe(before.metadata.uid);
  expect(await kubectl.run(['-n', space.name, 'logs', pod])).toBe('blue\n');
});

test('a deleted mirror comes back, and its containers have not noticed', async () => {
  const before = await get();
  // kubectl would wait for the end of the next one when that is there before it looks.
  await kubectl.run(['-n', space.name, 'delete', 'pod', pod, '--wait=false']);
  const after = await untilReady('the mirror is back', ({ metadata }) => metadata.uid !== before.metadata.uid);
  expect(after.status.containerStatuses).toMatchObject([
    { containerID: before.status.containerStatuses[0]?.containerID, restartCount: 0 },
  ]);
});

test.each([
  ['is no YAML', 'kind: ['],
  ['is no pod', 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n'],
  ['is no valid pod', 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: []}\n'],
])('a manifest that %s is told of in the log, and disturbs nobody', async (_what, text) => {
  const before = await get();
  await inNode(`cat > ${folder}/${space.name}-bad.yaml`, text);
  await eventually(
    async () => {
      const { stdout, stderr } = await run('docker', ['logs', '--since', '60s', machine]);
      expect(`${stdout}${stderr}`).toMatch(/Could not process manifest file.*/);
      expect(`${stdout}${stderr}`).toContain(`${space.name}-bad.yaml`);
    },
    { what: 'the log', timeoutMs: 30_000, intervalMs: 300 },
  );
  await inNode(`rm ${folder}/${space.name}-bad.yaml`);
  expect((await get()).status.containerStatuses).toEqual(before.status.containerStatuses);
});

test('without its manifest it goes, and nothing is left on the node', async () => {
  const uid = (await get()).metadata.annotations['kubernetes.io/config.hash'];
  await inNode(`rm ${folder}/${file}`);
  await eventually(
    async () => {
      expect((await kubectl.try(['-n', space.name, 'get', 'pod', pod])).stderr).toMatch(/NotFound/);
      const left = `ls -d /var/lib/kubelet/pods/${uid} /var/log/pods/*_${uid} 2>/dev/null; find /sys/fs/cgroup -type d -name '*${uid}*' 2>/dev/null; grep ${uid} /proc/mounts || true`;
      expect(await inNode(left)).toBe('');
    },
    { what: 'the end of the pod', timeoutMs: 60_000, intervalMs: 300 },
  );
});
