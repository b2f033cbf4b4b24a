import { nodes } from '@kubelab/api/resource-types';
import { startTestContainerd, type TestContainerd } from '../testing/test-containerd.js';
import { conditionOf, type TestNode } from '../testing/test-node.js';
import { describeFrozenRuntime } from './testing/frozen-runtime-suite.js';
import { describeHousekeeping } from './testing/housekeeping-suite.js';
import {
  describeRealPods,
  leftIn,
  type RealRuntime,
  serve,
  shell,
  startRealNode,
  stopRealNode,
} from './testing/real-pods-suite.js';

const patience = 60_000;

function realRuntime(containerd: TestContainerd): RealRuntime {
  const { runtime, image, freeze, thaw } = containerd;
  return { name: 'containerd', hasStopSignals: false, runtime, image, freeze, thaw, close: () => containerd.close() };
}

const start = async (): Promise<RealRuntime> => realRuntime(await startTestContainerd());

describeRealPods('containerd', start);
describeHousekeeping('containerd', start);
describeFrozenRuntime('containerd', start);

describe('containerd is killed', () => {
  let containerd: TestContainerd;
  let real: RealRuntime;
  let node: TestNode;

  beforeAll(async () => {
    containerd = await startTestContainerd();
    real = realRuntime(containerd);
    node = await startRealNode(real);
  }, patience);

  afterAll(async () => {
    await stopRealNode(node);
    await containerd.close();
  }, patience);

  function ready(): { status: string; reason?: string; message?: string } | undefined {
    const [found] = node.cluster.all(nodes);
    return found?.status?.conditions?.find(({ type }) => type === 'Ready');
  }

  test(
    'the node says so, its pods run on, and it is ready again when containerd is back',
    async () => {
      await node.createPod('steady', { containers: [shell(serve)], terminationGracePeriodSeconds: 5 });
      const before = await node.untilReady('steady');
      await containerd.kill();
      const down = await node.until('the node is not ready', () => {
        const condition = ready();
        return condition?.status === 'False' ? condition : undefined;
      });
      expect(down).toMatchObject({ reason: 'KubeletNotReady', message: 'container runtime is down' });
      await containerd.start();
      await node.until('the node is ready', () => ready()?.status === 'True');
      await node.createPod('next', { containers: [shell(serve)], terminationGracePeriodSeconds: 5 });
      await node.untilReady('next');
      expect(node.pod('steady')?.status?.containerStatuses).toEqual(before.status?.containerStatuses);
      for (const name of ['steady', 'next']) {
        await node.deletePod(name);
        await node.untilGone(name);
      }
      expect(await leftIn(real)).toEqual([]);
    },
    patience,
  );

  test(
    'in the middle of starts, every pod comes up once and nothing is left of the attempts',
    async () => {
      const names = ['a', 'b', 'c', 'd'];
      for (const [round, wait] of [150, 500, 900].entries()) {
        const pods = names.map((name) => `${name}${round}`);
        for (const name of pods)
          await node.createPod(name, { containers: [shell(serve)], terminationGracePeriodSeconds: 5 });
        await new Promise((resolve) => setTimeout(resolve, wait));
        await containerd.kill();
        await containerd.start();
        for (const name of pods) {
          await node.untilReady(name);
          const { containers } = await real.runtime.listContainers({
            filter: { labelSelector: { 'io.kubernetes.pod.name': name }, state: { state: 'CONTAINER_RUNNING' } },
          });
          expect(containers).toHaveLength(1);
          expect(conditionOf(node.pod(name)!, 'Ready')?.status).toBe('True');
        }
        for (const name of pods) {
          await node.deletePod(name);
          await node.untilGone(name);
        }
      }
      expect(await leftIn(real)).toEqual([]);
      expect((await containerd.ctr('containers', 'ls', '-q')).trim()).toBe('');
      expect((await containerd.ctr('tasks', 'ls', '-q')).trim()).toBe('');
    },
    3 * patience,
  );
});
