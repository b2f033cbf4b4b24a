import { jest } from '@jest/globals';
import { pods } from '@kubelab/api/resource-types';
import type { Container, Pod, ResourceRequirements } from '@kubelab/api/types';
import { CriError } from '@kubelab/proto/cri-error';
import { conditionOf, TestNode } from '../testing/test-node.js';
import { pendingReason } from './resize-plan.js';

jest.setTimeout(30_000);

const sized = (cpu: string, more: Partial<Container> = {}): Container => ({
  name: 'app',
  image: 'app:1',
  resources: { requests: { cpu }, limits: { cpu } },
  ...more,
});
const podOf = (cpu: string): Pod => ({ metadata: {}, spec: { containers: [sized(cpu)] } }) as unknown as Pod;

test.each([
  ['1', '1', undefined],
  ['5', '0', ["Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000", 'Infeasible']],
  ['3', '2', ["Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000", 'Deferred']],
])('%s wanted and %s taken of 4', (wanted, taken, expected) => {
  const found = pendingReason(podOf(wanted), [podOf(taken)], { cpu: '4', memory: '1Gi' });
  expect(found && [found.message, found.reason]).toEqual(expected);
});

describe('on a node', () => {
  let node: TestNode;
  afterEach(() => node.stop());

  async function resize(container: Container, resources: ResourceRequirements): Promise<void> {
    node = await TestNode.start();
    await node.createPod('web', { containers: [container] });
    await node.untilReady('web');
    const current = await node.cluster.get<Pod>(pods, 'web', 'default');
    const { spec } = current;
    await node.cluster.update(pods, { ...current, spec: { ...spec, containers: [{ ...container, resources }] } });
  }

  test('a running container gets more without a restart', async () => {
    await resize(sized('100m'), { requests: { cpu: '200m' }, limits: { cpu: '200m' } });
    const pod = await node.untilPod(
      'web',
      'is resized',
      ({ status }) => status?.containerStatuses?.[0]?.resources?.limits?.['cpu'] === '200m',
    );
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, allocatedResources: { cpu: '200m' } });
    expect(node.runtime.callsOf('updateContainerResources')).toMatchObject([{ linux: { cpuQuota: 20_000 } }]);
    await node.until('events are written', () =>
      node.events('web').some((event) => event.startsWith('ResizeCompleted')),
    );
    await node.untilPod('web', 'has no condition left', (now) => !conditionOf(now, 'PodResizeInProgress'));
  });

  test('a container whose policy wants it is restarted', async () => {
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
    await resize(sized('100m', { resizePolicy }), { requests: { cpu: '200m' }, limits: { cpu: '200m' } });
    await node.untilPod('web', 'is restarted', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
    await node.until('it says why', () =>
      node.events('web').includes('Killing: Container app resize requires restart'),
    );
  });

  test('a container that cannot be stopped for it is told of, and is restarted with the next try', async () => {
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
    node = await TestNode.start();
    let failed = false;
    node.runtime.intercept = (name) => {
      if (name !== 'stopContainer' || failed) return;
      failed = true;
      throw new CriError('UNKNOWN', 'ttrpc: closed: unknown');
    };
    const container = sized('100m', { resizePolicy });
    await node.createPod('web', { containers: [container] });
    await node.untilReady('web');
    const current = await node.cluster.get<Pod>(pods, 'web', 'default');
    const wanted = sized('200m', { resizePolicy });
    await node.cluster.update(pods, { ...current, spec: { ...current.spec, containers: [wanted] } });
    await node.untilPod('web', 'is restarted', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
    await node.until('it is told', () =>
      node.events('web').some((event) => event.startsWith('ResizeError: Pod resize error: ')),
    );
    expect(node.runtime.running()).toHaveLength(1);
  });

  test('what the node does not have is refused, and the container goes on', async () => {
    await resize(sized('100m'), { requests: { cpu: '9000' }, limits: { cpu: '9000' } });
    const pod = await node.untilPod('web', 'is pending', (now) => conditionOf(now, 'PodResizePending'));
    expect(conditionOf(pod, 'PodResizePending')).toMatchObject({ status: 'True', reason: 'Infeasible' });
    expect(pod.status?.containerStatuses?.[0]?.resources?.limits).toEqual({ cpu: '100m' });
    expect(node.runtime.callsOf('updateContainerResources')).toEqual([]);
  });
});
