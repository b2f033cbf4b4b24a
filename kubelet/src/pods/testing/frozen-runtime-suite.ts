/** A runtime that hangs without an end, as tests: the node says so, pods run on, and afterwards everything is as it was. */
import { nodes } from '@kubelab/api/resource-types';
import { conditionOf, type TestNode } from '../../testing/test-node.js';
import { leftIn, type RealRuntime, serve, shell, startRealNode, stopRealNode } from './real-pods-suite.js';

const patience = 120_000;
const timedOut =
  'FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded';

export function describeFrozenRuntime(name: string, start: () => Promise<RealRuntime>): void {
  describe(`${name} hangs`, () => {
    let real: RealRuntime;
    let node: TestNode;

    beforeAll(async () => {
      real = await start();
      node = await startRealNode(real, { 'runtime-request-timeout': 1_500 });
    }, patience);

    afterAll(async () => {
      real.thaw();
      await stopRealNode(node);
      await real.close();
    }, patience);

    const readiness = () =>
      node.cluster.all(nodes)[0]?.status?.conditions?.find(({ type }: { type: string }) => type === 'Ready');
    const untilReadiness = (status: string) =>
      node.until(`the node's Ready is ${status}`, () => {
        const condition = readiness();
        return condition?.status === status ? condition : undefined;
      });
    const web = (name: string) =>
      node.createPod(name, { containers: [shell(serve)], terminationGracePeriodSeconds: 5 });
    const running = async (pod: string): Promise<[sandboxes: number, containers: number]> => {
      const labelSelector = { 'io.kubernetes.pod.name': pod };
      const [{ items }, { containers }] = await Promise.all([
        real.runtime.listPodSandbox({ filter: { labelSelector, state: { state: 'SANDBOX_READY' } } }),
        real.runtime.listContainers({ filter: { labelSelector, state: { state: 'CONTAINER_RUNNING' } } }),
      ]);
      return [items.length, containers.length];
    };

    test(
      'the node is not ready, what is asked for meanwhile is told of, and nothing is lost or made twice',
      async () => {
        await web('steady');
        await web('leaving');
        const before = await node.untilReady('steady');
        await node.untilReady('leaving');
        real.freeze();
        await web('late');
        await node.deletePod('leaving');
        expect(await untilReadiness('False')).toMatchObject({
          reason: 'KubeletNotReady',
          message: 'container runtime is down',
        });
        await node.until('it is told of the new pod', () => node.events('late').includes(timedOut));
        expect(conditionOf(node.pod('steady')!, 'Ready')?.status).toBe('True');
        expect(node.pod('leaving')).toBeDefined();
        real.thaw();
        await untilReadiness('True');
        await node.untilReady('late');
        await node.untilGone('leaving');
        expect(await running('late')).toEqual([1, 1]);
        expect(node.pod('steady')?.status?.containerStatuses).toEqual(before.status?.containerStatuses);
        for (const name of ['steady', 'late']) {
          await node.deletePod(name);
          await node.untilGone(name);
        }
        expect(await leftIn(real)).toEqual([]);
      },
      patience,
    );
  });
}
