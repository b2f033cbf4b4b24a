import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@kubelab/api/types';
import { CriError } from '@kubelab/proto/cri-error';
import { conditionOf, TestNode } from '../testing/test-node.js';

const patience = 30_000;
const app = { name: 'app', image: 'app:1' };

describe('a pod on a node', () => {
  let node: TestNode;

  afterEach(() => node.stop());

  test(
    'runs, reports itself ready, and leaves nothing behind when it is deleted',
    async () => {
      node = await TestNode.start();
      await node.createPod('web', { containers: [app] });
      const pod = await node.untilReady('web');
      expect(pod.status).toMatchObject({
        phase: 'Running',
        podIP: expect.stringMatching(/^10\.244\.0\./),
        hostIP: '192.0.2.10',
        observedGeneration: 1,
      });
      expect(pod.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
        'PodReadyToStartContainers=True',
        'Initialized=True',
        'Ready=True',
        'ContainersReady=True',
        'PodScheduled=True',
      ]);
      expect(pod.status?.containerStatuses?.[0]).toMatchObject({
        name: 'app',
        ready: true,
        started: true,
        restartCount: 0,
        containerID: expect.stringMatching(/^fake:\/\//),
      });
      await node.until('events are written', () => node.events('web').length >= 3);
      expect(node.events('web')).toEqual([
        'Pulled: Container image "app:1" already present on machine',
        'Created: Created container: app',
        'Started: Started container app',
      ]);
      await node.deletePod('web');
      await node.untilGone('web');
      expect(node.runtime.sandboxes.size).toBe(0);
      expect(node.runtime.containers.size).toBe(0);
      await node.until('folders are gone', async () => true);
      expect(await readdir(join(node.root, 'kubelet/pods')).catch(() => [])).toEqual([]);
      expect(await readdir(join(node.root, 'logs')).catch(() => [])).toEqual([]);
      expect(node.runtime.callsOf('runPodSandbox')).toHaveLength(1);
      const deletion = node.cluster.writes.filter(({ verb, type }) => verb === 'delete' && type === 'pods').at(-1);
      expect(deletion?.body).toEqual({ gracePeriodSeconds: 0, preconditions: { uid: 'uid-web' } });
    },
    patience,
  );

  test(
    'that fails is restarted once at once and then with a back-off',
    async () => {
      node = await TestNode.start({ prepare: ({ runtime }) => runtime.images.set('bad:1', { exits: { code: 3 } }) });
      await node.createPod('crash', { containers: [{ name: 'app', image: 'bad:1' }] });
      const pod = await node.untilPod(
        'crash',
        'waits',
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
      );
      const [status] = pod.status?.containerStatuses ?? [];
      expect(pod.status?.phase).toBe('Running');
      expect(status).toMatchObject({
        restartCount: 1,
        ready: false,
        lastState: { terminated: { exitCode: 3, reason: 'Error' } },
      });
      expect(status?.state?.waiting?.message).toBe(
        'back-off 10s restarting failed container=app pod=crash_default(uid-crash)',
      );
      expect(node.runtime.named('app')).toHaveLength(2);
    },
    patience,
  );

  test(
    'whose image cannot be pulled says so',
    async () => {
      node = await TestNode.start();
      await node.createPod('wrong', { containers: [{ name: 'app', image: 'nosuch:1' }] });
      const pod = await node.untilPod(
        'wrong',
        'cannot pull',
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImagePull',
      );
      expect(pod.status?.phase).toBe('Pending');
      expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
        'rpc error: code = NotFound desc = failed to pull nosuch:1: not found',
      );
      await node.until('events are written', () => node.events('wrong').length >= 3);
      expect(node.events('wrong')).toEqual([
        'Pulling: Pulling image "nosuch:1"',
        'Failed: Failed to pull image "nosuch:1": rpc error: code = NotFound desc = failed to pull nosuch:1: not found',
        'Failed: Error: ErrImagePull',
      ]);
    },
    patience,
  );

  test(
    'with init containers runs them in order, one after the other',
    async () => {
      node = await TestNode.start({ prepare: ({ runtime }) => runtime.images.set('step:1', { exits: { code: 0 } }) });
      const initContainers = [
        { name: 'one', image: 'step:1' },
        { name: 'two', image: 'step:1' },
      ];
      await node.createPod('steps', { initContainers, containers: [app] });
      const pod = await node.untilReady('steps');
      expect(
        pod.status?.initContainerStatuses?.map(({ name, ready, state }) => [name, ready, state?.terminated?.reason]),
      ).toEqual([
        ['one', true, 'Completed'],
        ['two', true, 'Completed'],
      ]);
      const created = node.runtime.callsOf('createContainer') as { config: { metadata: { name: string } } }[];
      expect(created.map(({ config }) => config.metadata.name)).toEqual(['one', 'two', 'app']);
    },
    patience,
  );

  test(
    'that completes stays to be looked at and keeps its log',
    async () => {
      node = await TestNode.start({ prepare: ({ runtime }) => runtime.images.set('job:1', { exits: { code: 0 } }) });
      await node.createPod('job', { restartPolicy: 'Never', containers: [{ name: 'app', image: 'job:1' }] });
      const pod = await node.untilPod(
        'job',
        'succeeds',
        ({ status }) =>
          status?.phase === 'Succeeded' &&
          conditionOf({ status } as never, 'PodReadyToStartContainers')?.status === 'False',
      );
      expect(conditionOf(pod, 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
      expect(node.runtime.containers.size).toBe(1);
      expect([...node.runtime.sandboxes.values()].every((sandbox) => !sandbox.ready)).toBe(true);
      await node.deletePod('job');
      await node.untilGone('job');
      expect(node.runtime.containers.size).toBe(0);
    },
    patience,
  );

  test(
    'is restarted when its liveness probe fails',
    async () => {
      node = await TestNode.start();
      let healthy = true;
      node.runtime.exec = () => (healthy ? { exitCode: 0 } : { exitCode: 1, stdout: 'not well' });
      const livenessProbe = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 };
      await node.createPod('ill', { containers: [{ ...app, livenessProbe }] });
      await node.untilReady('ill');
      healthy = false;
      await node.until('the container is stopped', () => node.runtime.callsOf('stopContainer').length > 0);
      healthy = true;
      await node.untilPod(
        'ill',
        'restarts',
        ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready,
      );
      await node.until('events are written', () => node.events('ill').some((text) => text.startsWith('Killing')));
      expect(node.events('ill')).toContain('Unhealthy: Liveness probe failed: not well');
      expect(node.events('ill')).toContain('Killing: Container app failed liveness probe, will be restarted');
    },
    patience,
  );

  // containerd 1.6 answers so when a container ends at the very moment in which it is killed.
  test.each([
    ['has ended all the same', true],
    ['runs on', false],
  ])(
    'is restarted once when its liveness probe fails and the first try to stop it fails, too: it %s',
    async (_what, ends) => {
      node = await TestNode.start();
      let healthy = true;
      let failed = false;
      node.runtime.exec = () => (healthy ? { exitCode: 0 } : { exitCode: 1 });
      node.runtime.intercept = (name, argument) => {
        if (name !== 'stopContainer' || failed) return;
        failed = true;
        healthy = true;
        if (ends) node.runtime.exit((argument as { containerId: string }).containerId, 137);
        throw new CriError('UNKNOWN', 'ttrpc: closed: unknown');
      };
      const livenessProbe = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 };
      await node.createPod('ill', { containers: [{ ...app, livenessProbe }] });
      await node.untilReady('ill');
      healthy = false;
      const restarted = ({ status }: Pod) =>
        status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready;
      await node.untilPod('ill', 'restarts', restarted);
      expect(node.runtime.running()).toHaveLength(1);
      expect(node.runtime.callsOf('stopContainer')).toHaveLength(ends ? 1 : 2);
    },
    patience,
  );

  test(
    'becomes ready only when its readiness probe succeeds',
    async () => {
      node = await TestNode.start();
      let ready = false;
      node.runtime.exec = () => ({ exitCode: ready ? 0 : 1 });
      await node.createPod('slow', {
        containers: [{ ...app, readinessProbe: { exec: { command: ['check'] }, periodSeconds: 1 } }],
      });
      const waiting = await node.untilPod(
        'slow',
        'runs',
        ({ status }) => status?.containerStatuses?.[0]?.state?.running,
      );
      expect(conditionOf(waiting, 'Ready')).toMatchObject({
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [app]',
      });
      ready = true;
      await node.untilReady('slow');
    },
    patience,
  );

  test(
    'that needs more than the node has fails with upstream’s reason',
    async () => {
      node = await TestNode.start();
      await node.createPod('huge', { containers: [{ ...app, resources: { requests: { cpu: '4000' } } }] });
      const pod = await node.untilPod('huge', 'fails', ({ status }) => status?.phase === 'Failed');
      expect(pod.status?.reason).toBe('OutOfcpu');
      expect(pod.status?.message).toMatch(
        /^Pod was rejected: Node didn't have enough resource: cpu, requested: 4000000, used: 0, capacity: \d+$/,
      );
      expect(node.runtime.callsOf('runPodSandbox')).toHaveLength(0);
      // A container's state would hide the reason from kubectl get.
      expect(Object.keys(pod.status ?? {}).sort()).toEqual([
        'message',
        'observedGeneration',
        'phase',
        'qosClass',
        'reason',
        'startTime',
      ]);
    },
    patience,
  );

  test(
    'that was refused has lost containers for a kubelet that comes later, and can be deleted',
    async () => {
      node = await TestNode.start();
      await node.createPod('huge', { containers: [{ ...app, resources: { requests: { cpu: '4000' } } }] });
      await node.untilPod('huge', 'fails', ({ status }) => status?.phase === 'Failed');
      await node.stopKubelet();
      await node.startKubelet();
      const isLost = ({ status }: Pod) =>
        status?.containerStatuses?.[0]?.state?.terminated?.reason === 'ContainerStatusUnknown';
      const pod = await node.untilPod('huge', 'has lost its container', isLost);
      expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu' });
      await node.deletePod('huge');
      await node.untilGone('huge');
    },
    patience,
  );

  test(
    'ends when its active deadline is over',
    async () => {
      node = await TestNode.start();
      await node.createPod('late', { activeDeadlineSeconds: 1, restartPolicy: 'Never', containers: [app] });
      const pod = await node.untilPod(
        'late',
        'fails',
        ({ status }) => status?.phase === 'Failed' && status.containerStatuses?.[0]?.state?.terminated,
      );
      expect(pod.status).toMatchObject({
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      });
      expect(node.runtime.running()).toHaveLength(0);
    },
    patience,
  );

  test(
    'gets a preStop hook before it is stopped',
    async () => {
      node = await TestNode.start();
      const commands: string[][] = [];
      node.runtime.exec = (_container, cmd) => {
        commands.push(cmd);
        return { exitCode: 0 };
      };
      await node.createPod('polite', {
        terminationGracePeriodSeconds: 30,
        containers: [{ ...app, lifecycle: { preStop: { exec: { command: ['bye'] } } } }],
      });
      await node.untilReady('polite');
      await node.deletePod('polite');
      await node.untilGone('polite');
      expect(commands).toEqual([['bye']]);
      expect(node.runtime.callsOf('stopContainer')).toMatchObject([{ timeout: 30 }]);
    },
    patience,
  );

  test(
    'that is missing a config map says so and starts when it appears',
    async () => {
      node = await TestNode.start();
      const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }];
      await node.createPod('needy', { containers: [{ ...app, env }] });
      const pod = await node.untilPod(
        'needy',
        'waits',
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
      );
      expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('configmap "settings" not found');
      const { configMaps } = await import('@kubelab/api/resource-types');
      await node.cluster.create(configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings', namespace: 'default' },
        data: { a: 'one' },
      });
      await node.untilReady('needy');
      const [call] = node.runtime.callsOf('createContainer') as {
        config: { envs: { key: string; value: Buffer }[] };
      }[];
      expect(call?.config.envs.map(({ key, value }) => `${key}=${value.toString()}`)).toContain('A=one');
    },
    patience,
  );

  test(
    'that cannot start is not tried again and again without a pause',
    async () => {
      node = await TestNode.start();
      await node.createPod('needy', { containers: [{ ...app, envFrom: [{ secretRef: { name: 'missing' } }] }] });
      await node.untilPod(
        'needy',
        'waits',
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
      );
      await node.createPod('other', { containers: [app] });
      await node.untilReady('other');
      const attempts = node.runtime.callsOf('imageStatus').length;
      expect(attempts).toBeLessThanOrEqual(4);
    },
    patience,
  );
});

describe('a kubelet that comes back', () => {
  let node: TestNode;

  afterEach(() => node.stop());

  test(
    'adopts what runs and starts nothing twice',
    async () => {
      node = await TestNode.start();
      await node.createPod('web', { containers: [app] });
      const before = await node.untilReady('web');
      await node.stopKubelet();
      expect(node.runtime.running()).toHaveLength(1);
      await node.startKubelet();
      await node.createPod('second', { containers: [app] });
      await node.untilReady('second');
      expect(node.runtime.named('app')).toHaveLength(2);
      expect(node.pod('web')?.status?.containerStatuses).toEqual(before.status?.containerStatuses);
    },
    patience,
  );

  test(
    'makes dead pods run again after the node went down',
    async () => {
      node = await TestNode.start();
      await node.createPod('web', { containers: [app] });
      await node.untilReady('web');
      await node.stopKubelet();
      node.runtime.powerCut();
      await node.startKubelet();
      await node.untilPod(
        'web',
        'runs again',
        ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready,
      );
      const sandboxes = node.runtime.callsOf('runPodSandbox') as { config: { metadata: { attempt: number } } }[];
      expect(sandboxes.map(({ config }) => config.metadata.attempt)).toEqual([0, 1]);
      await node.until('it is told', () =>
        node.events('web').includes('SandboxChanged: Pod sandbox changed, it will be killed and re-created.'),
      );
      expect(node.pod('web')?.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137);
    },
    patience,
  );

  test(
    'removes pods that the API no longer has',
    async () => {
      node = await TestNode.start();
      await node.createPod('evicted', { containers: [app] });
      await node.untilReady('evicted');
      await node.stopKubelet();
      await node.deletePod('evicted', 0);
      await node.startKubelet();
      await node.until(
        'nothing is left',
        () => node.runtime.containers.size === 0 && node.runtime.sandboxes.size === 0,
      );
      await node.until('folders are gone', () => true);
    },
    patience,
  );

  test(
    'goes on with its pods while the runtime is away',
    async () => {
      node = await TestNode.start();
      await node.createPod('web', { containers: [app] });
      await node.untilReady('web');
      await node.runtime.stop();
      await node.startRuntime();
      const [container] = node.runtime.running();
      node.runtime.exit(container?.id ?? '', 1);
      await node.untilPod(
        'web',
        'restarts',
        ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready,
      );
    },
    patience,
  );
});
