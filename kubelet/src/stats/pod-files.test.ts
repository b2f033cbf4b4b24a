import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '@kubelab/api/types';
import { readDisk } from '../node/machine.js';
import { PodFilesReader } from './pod-files.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(root, { recursive: true }));

const volumes = [
  { name: 'scratch', emptyDir: {} },
  { name: 'memory', emptyDir: { medium: 'Memory' } },
  { name: 'map', configMap: { name: 'm' } },
  { name: 'data', persistentVolumeClaim: { claimName: 'disk' } },
  { name: 'own', ephemeral: {} },
  { name: 'node', hostPath: { path: '/' } },
  { name: 'gone', emptyDir: {} },
  { name: 'never', emptyDir: {} },
];
const pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
  spec: { volumes, containers: [{ name: 'app' }] },
} as unknown as Pod;

test('what a pod has on the node, volume by volume, and its logs', async () => {
  const folder = join(root, 'scratch');
  await mkdir(folder);
  await writeFile(join(folder, 'file'), Buffer.alloc(8192, 1));
  await mkdir(join(root, 'logs', 'shop_web_u1', 'app'), { recursive: true });
  await writeFile(join(root, 'logs', 'shop_web_u1', 'app', '0.log'), 'x');
  const places = new Map(volumes.map(({ name }) => [name, { path: folder }]));
  places.set('gone', { path: join(root, 'nosuch') });
  places.delete('never');
  const reader = new PodFilesReader({
    paths: { root, podLogs: join(root, 'logs') },
    volumesOf: (uid) => (uid === 'u1' ? places : new Map()),
    disk: readDisk,
  });
  const found = await reader.read(pod);
  expect(found.logs.get('app')?.inodes).toBe(2);
  expect(found.volumes.map(({ name, isEphemeral, claim }) => [name, isEphemeral, claim])).toEqual([
    ['scratch', true, undefined],
    ['memory', false, undefined],
    ['map', true, undefined],
    ['data', false, { name: 'disk', namespace: 'shop' }],
    ['own', false, { name: 'web-own', namespace: 'shop' }],
  ]);
  expect(found.volumes[0]?.size.bytes).toBeGreaterThanOrEqual(8192);
  expect(found.volumes[0]?.disk.capacityBytes).toBeGreaterThan(0);
});
