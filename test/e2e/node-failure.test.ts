/** Killing a node: the workload moves, and the node comes back clean. The lab runs with the fast failure clock. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { isReady, kubelab, makeNamespace, podsOf, project, untilReady } from './lab.js';
import { containersOfNamespace } from './node-runtime.js';
import { run } from './process.js';

let space: Awaited<ReturnType<typeof makeNamespace>>;
const victim = 'node-2';

beforeAll(async () => {
  space = await makeNamespace('failure');
});
afterAll(async () => {
  await kubelab(['node', 'start', victim]);
  await space.remove();
});

interface NodeView {
  spec: { taints?: { key: string; effect: string }[] };
  status: { conditions: { type: string; status: string; reason: string }[] };
}

const nodeView = (): Promise<NodeView> => kubectl.json(['get', 'node', victim]);
const ready = async () => (await nodeView()).status.conditions.find(({ type }) => type === 'Ready');

test('kill: NotReady after the grace period, tainted, and its pods run elsewhere', async () => {
  await kubectl.run(['-n', space.name, 'create', 'deployment', 'web', '--image=nginx', '--replicas=6']);
  const before = await untilReady(kubectl, space.name, 'app=web', 6);
  const lost = before.filter(({ spec }) => spec.nodeName === victim).map(({ metadata }) => metadata.name);
  expect(lost.length).toBeGreaterThan(0);
  expect(await kubelab(['node', 'kill', victim])).toMatchObject({ code: 0 });
  await eventually(
    async () => expect(await ready()).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown' }),
    { what: 'NotReady', timeoutMs: 60_000 },
  );
  expect(await kubectl.run(['get', 'nodes'])).toMatch(/^node-2\s+NotReady\s/m);
  await eventually(
    async () =>
      expect((await nodeView()).spec.taints).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }),
          expect.objectContaining({ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }),
        ]),
      ),
    { what: 'the unreachable taints', timeoutMs: 30_000 },
  );
  const { stdout } = await kubelab(['status']);
  expect(stdout).toMatch(/node-2.*(evict|NotReady)/i);
  await eventually(
    async () => {
      const pods = await podsOf(kubectl, space.name, 'app=web');
      const elsewhere = pods.filter((pod) => isReady(pod) && pod.spec.nodeName !== victim);
      expect(elsewhere).toHaveLength(6);
    },
    { what: 'six ready pods on the other nodes', timeoutMs: 90_000, intervalMs: 500 },
  );
  expect(
    (await podsOf(kubectl, space.name, 'app=web'))
      .filter(({ metadata }) => lost.includes(metadata.name))
      .every(({ metadata }) => metadata.deletionTimestamp !== undefined),
  ).toBe(true);
});

test('start: Ready again, no taints, no zombie containers, no double pods', async () => {
  expect(await kubelab(['node', 'start', victim])).toMatchObject({ code: 0 });
  await eventually(async () => expect(await ready()).toMatchObject({ status: 'True' }), {
    what: 'Ready',
    timeoutMs: 60_000,
  });
  await eventually(async () => expect((await nodeView()).spec.taints ?? []).toEqual([]), {
    what: 'no taints',
    timeoutMs: 30_000,
  });
  await untilReady(kubectl, space.name, 'app=web', 6);
  const container = (
    await run('docker', ['ps', '--filter', `label=com.docker.compose.project=${project}`, '--format', '{{.Names}}'])
  ).stdout
    .split('\n')
    .find((name) => /node[-_]2$/.test(name));
  await eventually(
    async () => {
      const inside = await run('docker', ['exec', container ?? '', 'sh', '-c', containersOfNamespace(space.name)]);
      const ours = inside.stdout.split('\n').filter((id) => id !== '');
      const assigned = (await podsOf(kubectl, space.name, 'app=web')).filter(({ spec }) => spec.nodeName === victim);
      expect(ours).toHaveLength(assigned.length * 2);
    },
    { what: 'only containers of pods that are there', timeoutMs: 60_000 },
  );
});

test('pause and resume freeze a node and let it go on', async () => {
  expect(await kubelab(['node', 'pause', victim])).toMatchObject({ code: 0 });
  await eventually(async () => expect(await ready()).toMatchObject({ status: 'Unknown' }), {
    what: 'NotReady',
    timeoutMs: 60_000,
  });
  expect(await kubelab(['node', 'resume', victim])).toMatchObject({ code: 0 });
  await eventually(async () => expect(await ready()).toMatchObject({ status: 'True' }), {
    what: 'Ready',
    timeoutMs: 60_000,
  });
});
