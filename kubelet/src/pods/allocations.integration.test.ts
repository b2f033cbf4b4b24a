/** What a pod was promised holds over crashes of its containers and of the kubelet. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pods } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { conditionOf, TestNode } from '../testing/test-node.js';

const patience = 30_000;
const sized = (cpu: string) => ({ name: 'app', image: 'app:1', resources: { requests: { cpu }, limits: { cpu } } });
let node: TestNode;

beforeEach(async () => {
  node = await TestNode.start();
  await node.createPod('web', { containers: [sized('100m')] });
  await node.untilReady('web');
});
afterEach(() => node.stop());

async function resize(cpu: string): Promise<void> {
  const current = await node.cluster.get<Pod>(pods, 'web', 'default');
  await node.cluster.update(pods, { ...current, spec: { ...current.spec, containers: [sized(cpu)] } });
}
const given = (pod: Pod | undefined): string | undefined =>
  pod?.status?.containerStatuses?.[0]?.resources?.requests?.['cpu'];
const updates = (): number => node.runtime.callsOf('updateContainerResources').length;
const state = (): string => join(node.root, 'kubelet/allocated_pods_state');

test(
  'a container that is restarted while a resize waits gets what it had',
  async () => {
    await resize('9999');
    await node.untilPod('web', 'waits', (pod) => conditionOf(pod, 'PodResizePending')?.reason === 'Infeasible');
    node.runtime.exit(node.runtime.running()[0]?.id ?? '', 1);
    const pod = await node.untilPod(
      'web',
      'runs again',
      ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready,
    );
    expect(given(pod)).toBe('100m');
    expect(conditionOf(pod, 'PodResizePending')?.reason).toBe('Infeasible');
    expect(updates()).toBe(0);
  },
  patience,
);

test(
  'a pod that waits for more takes no more from others',
  async () => {
    await resize('9999');
    await node.untilPod('web', 'waits', (pod) => conditionOf(pod, 'PodResizePending'));
    await node.createPod('other', { containers: [sized('100m')] });
    await node.untilReady('other');
  },
  patience,
);

test(
  'a resize is not done again by a kubelet that comes back',
  async () => {
    await resize('200m');
    await node.untilPod('web', 'resized', (pod) => given(pod) === '200m');
    await node.stopKubelet();
    await node.startKubelet();
    await node.createPod('second', { containers: [sized('100m')] });
    await node.untilReady('second');
    expect(given(node.pod('web'))).toBe('200m');
    expect(updates()).toBe(1);
    expect(node.events('web').filter((text) => text.startsWith('ResizeStarted'))).toHaveLength(1);
  },
  patience,
);

test(
  'a resize asked for while the kubelet was away is judged, not taken for granted',
  async () => {
    await node.stopKubelet();
    await resize('9999');
    await node.startKubelet();
    const pod = await node.untilPod('web', 'waits', (found) => conditionOf(found, 'PodResizePending'));
    expect(given(pod)).toBe('100m');
  },
  patience,
);

test(
  'a damaged state file is set aside, and the resize done once more',
  async () => {
    await resize('200m');
    await node.untilPod('web', 'resized', (pod) => given(pod) === '200m');
    await node.stopKubelet();
    await writeFile(state(), (await readFile(state(), 'utf8')).replace('200m', '900m'));
    await node.startKubelet();
    await node.until('the resize is done again', () => updates() === 2);
    await node.untilPod('web', 'resized', (pod) => given(pod) === '200m');
    const names = await readdir(join(node.root, 'kubelet'));
    expect(names.filter((name) => name.startsWith('allocated_pods_state')).sort()).toEqual([
      'allocated_pods_state',
      'allocated_pods_state.corrupt',
    ]);
  },
  patience,
);

test(
  'nothing is kept of pods that are gone',
  async () => {
    await resize('200m');
    await node.untilPod('web', 'resized', (pod) => given(pod) === '200m');
    await node.deletePod('web');
    await node.untilGone('web');
    await node.createPod('next', { containers: [sized('100m')] });
    await node.untilReady('next');
    expect(JSON.parse(await readFile(state(), 'utf8'))).toMatchObject({ data: {} });
  },
  patience,
);
