import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Pod } from '@kubelab/api/types';
import { silentLogger } from '@kubelab/component/logger';
import { CgroupFs } from './cgroup-fs.js';
import { qosSettings } from './pod-cgroup.js';

const mi = 1024 * 1024;
const pod = (uid: string, resources: object): Pod =>
  ({ metadata: { uid }, spec: { containers: [{ name: 'c', resources }] } }) as unknown as Pod;
const guaranteed = pod('g', { limits: { cpu: '500m', memory: '64Mi' } });
const burstable = pod('b', { requests: { cpu: '250m' } });

let mount: string;
beforeEach(async () => {
  mount = await mkdtemp(join(tmpdir(), 'cgroup-'));
});
afterEach(() => rm(mount, { recursive: true, force: true }));

/** The kernel makes a group's files with the group. */
async function files(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(mount, path)), { recursive: true });
    await writeFile(join(mount, path), '');
  }
}
const read = (path: string): Promise<string> => readFile(join(mount, path), 'utf8');
const cgroups = (): CgroupFs => new CgroupFs({ root: '/', maxPids: 100, logger: silentLogger, mount });

describe('v1', () => {
  beforeEach(() => Promise.all(['cpu', 'memory', 'pids'].map((name) => mkdir(join(mount, name)))));

  test('a pod has a group per controller, set to what its containers may use together', async () => {
    await files(
      'cpu/kubepods/podg/cpu.shares',
      'cpu/kubepods/podg/cpu.cfs_quota_us',
      'memory/kubepods/podg/memory.limit_in_bytes',
      'pids/kubepods/podg/pids.max',
    );
    expect(await cgroups().ensure(guaranteed)).toBe('/kubepods/podg');
    expect(await read('cpu/kubepods/podg/cpu.cfs_quota_us')).toBe('50000');
    expect(await read('memory/kubepods/podg/memory.limit_in_bytes')).toBe(String(64 * mi));
    expect(await read('pids/kubepods/podg/pids.max')).toBe('100');
  });

  test('classes share what the pods of each ask for', async () => {
    await files(
      'cpu/kubepods/cpu.shares',
      'cpu/kubepods/burstable/cpu.shares',
      'cpu/kubepods/besteffort/cpu.shares',
      'memory/kubepods/memory.limit_in_bytes',
    );
    const settings = qosSettings([guaranteed, burstable], { cpuMilli: 2000, memoryBytes: 1024 * mi });
    await cgroups().updateQos(settings);
    expect(await read('cpu/kubepods/cpu.shares')).toBe('2048');
    expect(await read('cpu/kubepods/burstable/cpu.shares')).toBe('256');
    expect(await read('cpu/kubepods/besteffort/cpu.shares')).toBe('2');
    expect(await read('memory/kubepods/memory.limit_in_bytes')).toBe(String(1024 * mi));
  });

  test('goes away with its pod, whatever its class was', async () => {
    // Without the files that go with their group in the kernel, but not here.
    await mkdir(join(mount, 'memory/kubepods/burstable/podb/inner'), { recursive: true });
    await cgroups().remove('b');
    expect(existsSync(join(mount, 'memory/kubepods/burstable/podb'))).toBe(false);
    expect(existsSync(join(mount, 'memory/kubepods/burstable'))).toBe(true);
  });
});

describe('v2', () => {
  beforeEach(() => files('cgroup.controllers'));

  test('a pod has one group, below groups that hand their controllers on', async () => {
    await files(
      'kubepods/burstable/podb/cpu.weight',
      'kubepods/burstable/podb/cpu.max',
      'kubepods/burstable/podb/pids.max',
    );
    expect(await cgroups().ensure(burstable)).toBe('/kubepods/burstable/podb');
    expect(await read('cgroup.subtree_control')).toBe('+cpu +memory +pids');
    expect(await read('kubepods/burstable/cgroup.subtree_control')).toBe('+cpu +memory +pids');
    expect(await read('kubepods/burstable/podb/cpu.weight')).toBe('10');
    expect(await read('kubepods/burstable/podb/cpu.max')).toBe('');
    expect(await read('kubepods/burstable/podb/pids.max')).toBe('100');
  });

  test('limits of the whole and weights of the classes', async () => {
    await files('kubepods/memory.max', 'kubepods/cpu.weight', 'kubepods/besteffort/cpu.weight');
    await cgroups().updateQos(qosSettings([], { cpuMilli: 1000, memoryBytes: 512 * mi }));
    expect(await read('kubepods/memory.max')).toBe(String(512 * mi));
    expect(await read('kubepods/cpu.weight')).toBe('39');
    expect(await read('kubepods/besteffort/cpu.weight')).toBe('1');
  });
});
