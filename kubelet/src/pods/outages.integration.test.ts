/** What a node depends on goes away, hangs, or jumps: its pods go on, and everything catches up. */
import { leases, nodes } from '@kubelab/api/resource-types';
import { CriError } from '@kubelab/proto/cri-error';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { TestNode } from '../testing/test-node.js';

const patience = 40_000;
const app = { name: 'app', image: 'app:1' };
let node: TestNode;

afterEach(() => node.stop());

const restartsOf = (name: string): number | undefined => node.pod(name)?.status?.containerStatuses?.[0]?.restartCount;
const realPause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test(
  'an API server that is away for ten minutes: pods go on, and their status catches up',
  async () => {
    const clock = new FakeClock(Date.now());
    node = await TestNode.start({ clock });
    await node.createPod('web', { containers: [app] });
    await node.untilReady('web');
    const renewed = (): string | undefined => node.cluster.all(leases)[0]?.spec?.renewTime;
    await node.until('the lease is there', renewed);
    const before = renewed();
    node.cluster.intercept = () => {
      throw new Error('connect ECONNREFUSED');
    };
    const [first] = node.runtime.running();
    node.runtime.exit(first?.id ?? '', 1);
    for (let second = 0; second < 600; second += 5) {
      await clock.advance(5_000);
      await realPause();
    }
    const [second] = node.runtime.running();
    expect(second?.id).not.toBe(first?.id);
    expect(node.runtime.running()).toHaveLength(1);
    expect(restartsOf('web')).toBe(0);
    node.cluster.intercept = () => undefined;
    await node.until('the status has caught up', () => restartsOf('web') === 1);
    await node.untilReady('web');
    await node.until('the lease goes on', () => renewed() !== before);
    expect(node.runtime.callsOf('runPodSandbox')).toHaveLength(1);
  },
  patience,
);

test.each([
  ['ahead', 86_400_000],
  ['back', -86_400_000],
])(
  'a clock that jumps %s by a day ends nothing, and holds nothing up',
  async (_direction, jumpMs) => {
    const clock = new FakeClock(Date.now());
    node = await TestNode.start({ clock });
    await node.createPod('web', { containers: [{ ...app, livenessProbe: { exec: { command: ['x'] } } }] });
    await node.untilReady('web');
    clock.jump(jumpMs);
    await node.createPod('next', { containers: [app] });
    await node.untilReady('next');
    expect(restartsOf('web')).toBe(0);
    expect(node.runtime.running()).toHaveLength(2);
    node.runtime.exit(node.runtime.named('app')[0]?.id ?? '', 1);
    await node.until('it is restarted', () => restartsOf('web') === 1);
    await node.deletePod('next');
    await node.untilGone('next');
  },
  patience,
);

test(
  'a runtime that hangs is told of, and pods start when it goes on',
  async () => {
    let hanging = true;
    node = await TestNode.start({ config: { 'runtime-request-timeout': 300 } });
    node.runtime.hold = (name) => (hanging && name === 'runPodSandbox' ? new Promise(() => undefined) : undefined);
    await node.createPod('web', { containers: [app] });
    const told =
      'FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded';
    await node.until('it is told', () => node.events('web').includes(told));
    hanging = false;
    await node.untilReady('web');
    expect(node.runtime.running()).toHaveLength(1);
  },
  patience,
);

test(
  'a runtime that has stopped answering is not asked for its images before the node has said so',
  async () => {
    const clock = new FakeClock(Date.now());
    node = await TestNode.start({ clock });
    const ready = () => node.cluster.all(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'Ready');
    const listed = () => node.runtime.callsOf('listImages').length;
    const before = listed();
    node.runtime.intercept = (name) => {
      if (name === 'status') throw new CriError('DEADLINE_EXCEEDED', 'context deadline exceeded');
    };
    node.runtime.hold = (name) => (name === 'listImages' ? new Promise(() => undefined) : undefined);
    await clock.advance(60_000);
    await node.until('the node is not ready', () => ready()?.status === 'False');
    expect(ready()?.message).toBe('container runtime is down');
    expect(listed() - before).toBeLessThanOrEqual(1);
    node.runtime.intercept = () => undefined;
    node.runtime.hold = () => undefined;
    await node.until('the node is ready again', () => ready()?.status === 'True');
  },
  patience,
);

test.each(['runPodSandbox', 'createContainer', 'startContainer'])(
  'a runtime that is killed in the middle of %s: the pod runs once, and nothing else is left',
  async (call) => {
    node = await TestNode.start();
    let held = false;
    node.runtime.hold = (name) => {
      if (name !== call || held) return undefined;
      held = true;
      return new Promise(() => undefined);
    };
    await node.createPod('web', { containers: [app] });
    await node.until('the call has begun', () => held);
    await node.runtime.stop();
    await node.startRuntime();
    await node.untilReady('web');
    expect(node.runtime.running()).toHaveLength(1);
    expect([...node.runtime.sandboxes.values()].filter(({ ready }) => ready)).toHaveLength(1);
    await node.deletePod('web');
    await node.untilGone('web');
    expect([node.runtime.containers.size, node.runtime.sandboxes.size]).toEqual([0, 0]);
  },
  patience,
);

test(
  'a container whose time lies before that of the one it replaced is still the newer one',
  async () => {
    node = await TestNode.start();
    await node.createPod('web', { containers: [app] });
    await node.untilReady('web');
    node.runtime.exit(node.runtime.running()[0]?.id ?? '', 1);
    await node.untilPod('web', 'restarts', () => restartsOf('web') === 1 && node.runtime.running().length === 1);
    const [current] = node.runtime.running();
    await node.stopKubelet();
    if (current) current.createdAt -= 3_600_000 * 1e6;
    await node.startKubelet();
    await node.createPod('next', { containers: [app] });
    await node.untilReady('next');
    expect(node.runtime.running().map(({ id }) => id)).toContain(current?.id);
    expect(node.runtime.running()).toHaveLength(2);
  },
  patience,
);

test(
  'a full disk: the node says so, its pods are evicted, and no others are taken in',
  async () => {
    node = await TestNode.start({ config: { 'eviction-hard': '' } });
    await node.createPod('first', { containers: [app] });
    await node.untilReady('first');
    await node.stopKubelet();
    node.configure({ 'eviction-hard': 'nodefs.available<1Pi' });
    await node.startKubelet();
    const evicted = await node.untilPod('first', 'is evicted', ({ status }) => status?.reason === 'Evicted');
    expect(evicted.status?.message).toMatch(
      /^The node was low on resource: ephemeral-storage\. Threshold quantity: \d+\S*, available: \d+\S*\. /,
    );
    const pressure = () => node.cluster.all(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'DiskPressure');
    await node.until('the node says so', () => pressure()?.status === 'True');
    expect(pressure()?.reason).toBe('KubeletHasDiskPressure');
    await node.createPod('late', { containers: [app] });
    const refused = await node.untilPod('late', 'is refused', ({ status }) => status?.phase === 'Failed');
    expect(refused.status).toMatchObject({
      reason: 'Evicted',
      message: 'Pod was rejected: The node had condition: [DiskPressure]. ',
    });
    await node.until('nothing runs any more', () => node.runtime.running().length === 0);
  },
  patience,
);
