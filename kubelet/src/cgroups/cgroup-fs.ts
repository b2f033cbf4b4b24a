import { existsSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@kubelab/api/types';
import type { Logger } from '@kubelab/component/logger';
import type { PodCgroups } from '../pods/pod-services.js';
import { type PodCgroupSettings, podCgroupPath, podCgroupSettings, type QosSettings, weightOf } from './pod-cgroup.js';

export interface CgroupFsOptions {
  /** --cgroup-root. */
  root: string;
  logger: Logger;
  /** How many processes a pod may have; 0 or less: as many as the node. */
  maxPids: number;
  /** /sys/fs/cgroup. */
  mount?: string;
}

const v1Controllers = ['cpu', 'memory', 'pids'];
const leastShares = 2;

/** Pods' cgroups in a mounted cgroup file system, v1 or v2. */
export class CgroupFs implements PodCgroups {
  readonly #options: CgroupFsOptions;
  readonly #mount: string;
  readonly #isV2: boolean;
  readonly #made = new Map<string, string>();
  #broken = false;

  constructor(options: CgroupFsOptions) {
    this.#options = options;
    this.#mount = options.mount ?? '/sys/fs/cgroup';
    this.#isV2 = existsSync(join(this.#mount, 'cgroup.controllers'));
  }

  async ensure(pod: Pod): Promise<string> {
    if (this.#broken) return '';
    const { uid } = pod.metadata;
    const known = this.#made.get(uid);
    if (known !== undefined) return known;
    const path = podCgroupPath(this.#options.root, pod);
    try {
      if (this.#isV2) await this.#makeV2(path, podCgroupSettings(pod));
      else await this.#makeV1(path, podCgroupSettings(pod));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error;
      // Pods still run, in the runtime's own cgroup; only what the pod as a whole may use is not enforced.
      this.#broken = true;
      this.#options.logger.warn('Pod cgroups cannot be made here, using the runtime’s default', { path, error });
      return '';
    }
    this.#made.set(uid, path);
    return path;
  }

  async update(pod: Pod): Promise<void> {
    this.#made.delete(pod.metadata.uid);
    await this.ensure(pod);
  }

  async #makeV1(path: string, settings: PodCgroupSettings): Promise<void> {
    const made = await Promise.all(v1Controllers.map(async (name) => [name, await this.#groupV1(name, path)] as const));
    const folders = Object.fromEntries(made);
    await set(folders['cpu'], 'cpu.shares', settings.cpuShares);
    if (settings.cpuQuota !== undefined) await set(folders['cpu'], 'cpu.cfs_quota_us', settings.cpuQuota);
    if (settings.memoryLimit !== undefined) await set(folders['memory'], 'memory.limit_in_bytes', settings.memoryLimit);
    if (this.#options.maxPids > 0) await set(folders['pids'], 'pids.max', this.#options.maxPids);
  }

  /** What all pods, and those of a class, may have together. To be repeated as pods come and go. */
  async updateQos(settings: QosSettings): Promise<void> {
    if (this.#broken) return;
    const top = `${this.#options.root.replace(/\/$/, '')}/kubepods`;
    const shares: [path: string, shares: number][] = [
      [top, settings.cpuShares],
      [`${top}/burstable`, settings.burstableShares],
      [`${top}/besteffort`, leastShares],
    ];
    try {
      for (const [path, value] of shares) {
        if (this.#isV2) await set(await this.#groupV2(path), 'cpu.weight', weightOf(value));
        else await set(await this.#groupV1('cpu', path), 'cpu.shares', value);
      }
      if (this.#isV2) await set(await this.#groupV2(top), 'memory.max', settings.memoryLimit);
      else await set(await this.#groupV1('memory', top), 'memory.limit_in_bytes', settings.memoryLimit);
    } catch (error) {
      // EBUSY: pods use more than that already; evictions see to it.
      this.#options.logger.warn('Cgroups of the quality of service classes could not be set', { path: top, error });
    }
  }

  async #groupV1(controller: string, path: string): Promise<string> {
    const folder = join(this.#mount, controller, path);
    if (existsSync(join(this.#mount, controller))) await mkdir(folder, { recursive: true });
    return folder;
  }

  async #groupV2(path: string): Promise<string> {
    let folder = this.#mount;
    for (const part of path.split('/').filter((item) => item !== '')) {
      // A group hands on only the controllers that it was told to.
      await writeFile(join(folder, 'cgroup.subtree_control'), '+cpu +memory +pids');
      folder = join(folder, part);
      await mkdir(folder, { recursive: true });
    }
    await writeFile(join(folder, 'cgroup.subtree_control'), '+cpu +memory +pids');
    return folder;
  }

  async #makeV2(path: string, settings: PodCgroupSettings): Promise<void> {
    const folder = await this.#groupV2(path);
    await set(folder, 'cpu.weight', weightOf(settings.cpuShares));
    if (settings.cpuQuota !== undefined) await set(folder, 'cpu.max', `${settings.cpuQuota} 100000`);
    if (settings.memoryLimit !== undefined) await set(folder, 'memory.max', settings.memoryLimit);
    if (this.#options.maxPids > 0) await set(folder, 'pids.max', this.#options.maxPids);
  }

  async remove(uid: string): Promise<void> {
    this.#made.delete(uid);
    const hierarchies = this.#isV2
      ? [this.#mount]
      : (await readdir(this.#mount)).map((name) => join(this.#mount, name));
    const pods = join(this.#options.root, 'kubepods');
    const candidates = hierarchies.flatMap((hierarchy) =>
      ['', 'burstable', 'besteffort'].map((qos) => join(hierarchy, pods, qos, `pod${uid}`)),
    );
    await Promise.all(candidates.filter((folder) => existsSync(folder)).map((folder) => this.#removeTree(folder)));
  }

  /** Folders of a cgroup file system go one by one; the files in them are the kernel's. */
  async #removeTree(folder: string): Promise<void> {
    try {
      const children = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
      for (const child of children) await this.#removeTree(join(folder, child.name));
      await rmdir(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      // The last process is still on its way out: the orphan collector comes by again.
      if (code === 'EBUSY') this.#options.logger.debug('Cgroup is still in use', { folder });
      else throw error;
    }
  }
}

async function set(folder: string | undefined, file: string, value: number | string): Promise<void> {
  if (folder && existsSync(folder)) await writeFile(join(folder, file), String(value));
}

/** For a kubelet that leaves cgroups to the runtime. */
export const noPodCgroups: PodCgroups = {
  ensure: async () => '',
  update: async () => undefined,
  updateQos: async () => undefined,
  remove: async () => undefined,
};
