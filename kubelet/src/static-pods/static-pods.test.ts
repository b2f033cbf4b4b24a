import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { conditionOf, TestNode } from '../testing/test-node.js';

jest.setTimeout(30_000);

let node: TestNode;
let folder: string;

afterEach(() => node.stop());

const manifest = (image: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'app', image }] },
  });

async function start(): Promise<void> {
  node = await TestNode.start({
    config: { 'file-check-frequency': 50 },
    manifests: true,
    prepare: ({ runtime }) => runtime.images.set('app:2', {}),
  });
  folder = node.config['pod-manifest-path'];
  await writeFile(join(folder, 'web.json'), manifest('app:1'));
  await node.untilReady('web-node-1');
}

const mirror = () => node.pod('web-node-1');
const running = () => node.runtime.running().map(({ config }) => config.image?.userSpecifiedImage);

test('a manifest runs, is shown in the API, and goes with its file', async () => {
  await start();
  expect(mirror()?.metadata.annotations).toHaveProperty(['kubernetes.io/config.mirror']);
  expect(mirror()?.metadata.ownerReferences).toMatchObject([{ kind: 'Node', name: 'node-1' }]);
  expect(mirror()?.status?.containerStatuses?.[0]).toMatchObject({ name: 'app', ready: true });
  await rm(join(folder, 'web.json'));
  await node.untilGone('web-node-1');
  await node.until('nothing runs', () => node.runtime.sandboxes.size === 0);
});

test('another content replaces the pod, one after the other', async () => {
  await start();
  const before = mirror()?.metadata.uid;
  await writeFile(join(folder, 'web.json'), manifest('app:2'));
  await node.untilPod(
    'web-node-1',
    'is new and ready',
    (pod) => pod.metadata.uid !== before && conditionOf(pod, 'Ready')?.status === 'True',
  );
  expect(running()).toEqual(['app:2']);
});

test('a deleted mirror comes back, its containers go on', async () => {
  await start();
  const [{ id } = { id: '' }] = node.runtime.running();
  const before = mirror()?.metadata.uid;
  await node.deletePod('web-node-1');
  await node.untilPod(
    'web-node-1',
    'is back and ready',
    (pod) => pod.metadata.uid !== before && conditionOf(pod, 'Ready')?.status === 'True',
  );
  expect(node.runtime.running().map((container) => container.id)).toEqual([id]);
});

test('a new kubelet adopts what runs, and takes away the mirror of a manifest that went meanwhile', async () => {
  await start();
  const [{ id } = { id: '' }] = node.runtime.running();
  await node.stopKubelet();
  await node.startKubelet();
  await node.untilReady('web-node-1');
  expect(node.runtime.running().map((container) => container.id)).toEqual([id]);
  await node.stopKubelet();
  await rm(join(folder, 'web.json'));
  await node.startKubelet();
  await node.untilGone('web-node-1');
  await node.until('nothing runs', () => node.runtime.running().length === 0);
});

test('a manifest that makes no sense disturbs nobody', async () => {
  await start();
  await mkdir(join(folder, 'sub'));
  await writeFile(join(folder, 'bad.yaml'), 'kind: [');
  await writeFile(join(folder, 'other.json'), manifest('app:1').replace('"web"', '"other"'));
  await node.untilReady('other-node-1');
});
