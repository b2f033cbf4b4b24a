import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from '@kubelab/api/types';
import { silentLogger } from '@kubelab/component/logger';
import type { PodState } from '../runtime/pod-state.js';
import { LocalVolumes, volumesToRemove } from './local-volumes.js';

const nodeWith = (...names: string[]): Node =>
  ({
    metadata: {
      annotations: Object.fromEntries(names.map((name) => [`remove.local-path.kubelab.io/${name}`, 'true'])),
    },
  }) as unknown as Node;

test('only what the provisioner may have made is removed', () => {
  expect(volumesToRemove(nodeWith('pvc-1f', '..', 'pvc-..', 'pvc-1/../x', 'other'))).toEqual(['pvc-1f']);
  expect(volumesToRemove(undefined)).toEqual([]);
});

describe('removal', () => {
  let root: string;
  const patches: unknown[] = [];
  const mounted: string[] = [];
  let states: PodState[] = [];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'kubelet-'));
    for (const name of ['pvc-1', 'pvc-2', 'pvc-3']) {
      await mkdir(join(root, 'local-volumes', name), { recursive: true });
      await writeFile(join(root, 'local-volumes', name, 'data'), '');
    }
    patches.length = 0;
    mounted.length = 0;
    states = [];
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const remove = (...names: string[]): Promise<void> =>
    new LocalVolumes({
      client: { patch: async (_type, _name, _namespace, _kind, patch) => patches.push(patch) as never },
      mounter: { mountsBelow: async (path) => mounted.filter((point) => point.startsWith(path)) },
      nodeName: 'n1',
      root,
      node: () => nodeWith(...names),
      states: () => states,
      logger: silentLogger,
    }).removeDeleted();
  const left = (): Promise<string[]> => readdir(join(root, 'local-volumes'));

  test('takes the folder and then the order away, also when the folder was never made', async () => {
    await remove('pvc-1', 'pvc-9');
    expect(await left()).toEqual(['pvc-2', 'pvc-3']);
    expect(patches).toEqual([
      { metadata: { annotations: { 'remove.local-path.kubelab.io/pvc-1': null } } },
      { metadata: { annotations: { 'remove.local-path.kubelab.io/pvc-9': null } } },
    ]);
  });

  test('waits for what is in use or mounted', async () => {
    const hostPath = join(root, 'local-volumes/pvc-1');
    states = [{ containers: [{ state: 'CONTAINER_RUNNING', mounts: [{ hostPath }] }] } as unknown as PodState];
    mounted.push(join(root, 'local-volumes/pvc-2/inner'));
    await remove('pvc-1', 'pvc-2');
    expect(await left()).toEqual(['pvc-1', 'pvc-2', 'pvc-3']);
    expect(patches).toEqual([]);
  });
});
