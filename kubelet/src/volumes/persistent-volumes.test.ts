import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { persistentVolumeClaims, persistentVolumes } from '@kubelab/api/resource-types';
import type { PersistentVolume, PersistentVolumeClaim } from '@kubelab/api/types';
import { TestNode } from '../testing/test-node.js';

jest.setTimeout(30_000);

let node: TestNode;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pv-'));
  node = await TestNode.start();
});

afterEach(async () => {
  await node.stop();
  await rm(folder, { recursive: true });
});

async function createVolume(spec: object, metadata: object = {}): Promise<void> {
  await node.cluster.create(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv', ...metadata },
    spec: { claimRef: { uid: 'c1' }, ...spec },
  } as unknown as PersistentVolume);
}

async function createClaim(name = 'disk', metadata: object = {}): Promise<void> {
  await node.cluster.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default', uid: 'c1', ...metadata },
    spec: { volumeName: 'pv' },
    status: { phase: 'Bound' },
  } as unknown as PersistentVolumeClaim);
}

const withVolume = (source: object) => ({
  volumes: [{ name: 'data', ...source }],
  containers: [{ name: 'app', image: 'app:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
});
const claimed = withVolume({ persistentVolumeClaim: { claimName: 'disk', readOnly: true } });
const mountOf = () =>
  node.runtime.named('app')[0]?.config.mounts.find(({ containerPath }) => containerPath === '/data');

test('a local volume is mounted where it is and outlives the pod', async () => {
  await writeFile(join(folder, 'file'), 'kept');
  await createVolume({ local: { path: folder } });
  await createClaim();
  await node.createPod('web', claimed);
  await node.untilReady('web');
  expect(mountOf()).toMatchObject({ hostPath: folder, readonly: true });
  await node.deletePod('web');
  await node.untilGone('web');
  expect(await readdir(folder)).toEqual(['file']);
});

test('a volume of kubelab’s provisioner is made when it is first used, for any user', async () => {
  const path = join(folder, 'made');
  const annotations = { 'pv.kubernetes.io/provisioned-by': 'kubelab.io/local-path' };
  await createVolume({ hostPath: { path } }, { annotations });
  await createClaim('web-data', { ownerReferences: [{ uid: 'uid-web', controller: true }] });
  await node.createPod('web', withVolume({ ephemeral: { volumeClaimTemplate: { spec: {} } } }));
  await node.untilReady('web');
  expect((await stat(path)).mode & 0o777).toBe(0o777);
});

test.each<[string, () => Promise<void>, string]>([
  [
    'there is no claim',
    async () => undefined,
    'FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/disk: failed to fetch PVC from API server: persistentvolumeclaims "disk" not found',
  ],
  [
    'the folder is missing',
    async () => {
      await createVolume({ local: { path: '/nonexistent/disk' } });
      await createClaim();
    },
    'FailedMount: MountVolume.NewMounter initialization failed for volume "pv" : path "/nonexistent/disk" does not exist',
  ],
  [
    'the folder is none',
    async () => {
      await createVolume({ local: { path: '/dev/null' } });
      await createClaim();
    },
    'FailedMount: MountVolume.NewMounter initialization failed for volume "pv" : only directory and block device are supported',
  ],
  [
    'the folder of the node is not there',
    async () => {
      await createVolume({ hostPath: { path: '/nosuch', type: 'Directory' } });
      await createClaim();
    },
    'FailedMount: MountVolume.SetUp failed for volume "pv" : hostPath type check failed: /nosuch is not a directory',
  ],
  [
    'it is a device',
    async () => {
      await createVolume({ local: { path: '/dev/null' }, volumeMode: 'Block' });
      await createClaim();
    },
    'FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: volume data has volumeMode Block, but is specified in volumeMounts',
  ],
  [
    'it is of a kind that is not supported',
    async () => {
      await createVolume({ nfs: { server: 'a', path: '/' }, accessModes: ['ReadWriteOnce'] });
      await createClaim();
    },
    'FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: failed to get Plugin from volumeSpec for volume "pv" err=no volume plugin matched: persistent volumes of type "nfs" are not supported by this kubelet',
  ],
])('%s: the pod says so', async (_name, prepare, event) => {
  await mkdir(join(folder, 'x'));
  await prepare();
  await node.createPod('web', claimed);
  await node.until('the event is there', () => node.events('web').includes(event));
  expect(node.runtime.containers.size).toBe(0);
});
