import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, Volume } from '@kubelab/api/types';
import { bytesOf } from '../containers/amounts.js';
import type { DownwardContext } from '../containers/downward.js';
import { type NodePaths, podDirectory, volumesDirectory } from '../containers/paths.js';
import { allContainers } from '../pods/pod.js';
import { writeAtomically } from './atomic-writer.js';
import { type ClaimReader, claimNameOf } from './claims.js';
import { prepareHostPath } from './host-path.js';
import type { Mounter } from './mounter.js';
import { setVolumeOwnership } from './ownership.js';
import type { PayloadReader } from './payload-reader.js';
import { preparePersistentVolume } from './persistent-volumes.js';
import { type MountFailure, mountError, VolumeError, VolumeUnknownError } from './volume-error.js';

export interface MountedVolume {
  /** On the node. */
  path: string;
  readOnly: boolean;
}

export interface MountedVolumes {
  byName: Map<string, MountedVolume>;
  /** When the content should be looked at again although nothing changed: tokens run out. Milliseconds since the epoch. */
  refreshAt: number | undefined;
}

export interface VolumeManagerOptions {
  paths: NodePaths;
  mounter: Mounter;
  payloads: PayloadReader;
  claims: ClaimReader;
}

const payloadFolders = {
  configMap: 'kubernetes.io~configmap',
  secret: 'kubernetes.io~secret',
  downwardAPI: 'kubernetes.io~downward-api',
  projected: 'kubernetes.io~projected',
} as const;

/** Sets up pods' volumes on the node, keeps their content current, and takes them away again. Everything may be repeated. */
export class VolumeManager {
  readonly #options: VolumeManagerOptions;
  /** Volumes of pods that this process has set up once: those of which only the content may change. */
  readonly #ready = new Map<string, Set<string>>();
  /** Where the volumes of pods are, by name. */
  readonly #mounted = new Map<string, ReadonlyMap<string, MountedVolume>>();
  #memory: Promise<void> | undefined;

  constructor(options: VolumeManagerOptions) {
    this.#options = options;
  }

  /** Throws VolumeError, when all volumes have been tried. */
  async mount(pod: Pod, context: DownwardContext, signal: AbortSignal): Promise<MountedVolumes> {
    const result: MountedVolumes = { byName: new Map(), refreshAt: undefined };
    const failures: MountFailure[] = [];
    const mountNamed = async (volume: Volume): Promise<void> => {
      try {
        result.byName.set(volume.name, await this.#mountOne(pod, volume, context, signal, result));
      } catch (error) {
        failures.push({ volume: volume.name, error });
      }
    };
    await Promise.all(usedVolumes(pod).map(mountNamed));
    this.#mounted.set(pod.metadata.uid, result.byName);
    if (failures.length === 0) return result;
    signal.throwIfAborted();
    throw mountError(failures);
  }

  async #mountOne(
    pod: Pod,
    volume: Volume,
    context: DownwardContext,
    signal: AbortSignal,
    result: MountedVolumes,
  ): Promise<MountedVolume> {
    if (volume.hostPath) {
      await prepareHostPath(volume.hostPath.path, volume.hostPath.type);
      return { path: volume.hostPath.path, readOnly: false };
    }
    if (claimNameOf(pod, volume) !== undefined) return this.#claimed(pod, volume);
    if (volume.emptyDir) return this.#emptyDir(pod, volume);
    const folder = payloadFolder(volume);
    if (!folder) throw new VolumeUnknownError(unsupported(volume));
    const { payload, refreshAt } = await this.#options.payloads.read(pod, volume, context, signal);
    if (refreshAt !== undefined) result.refreshAt = Math.min(refreshAt, result.refreshAt ?? refreshAt);
    const path = await this.#payloadPath(pod, volume, folder);
    const fsGroup = pod.spec.securityContext?.fsGroup;
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    const prepare = async (fresh: string): Promise<void> => {
      if (fsGroup !== undefined) await setVolumeOwnership(fresh, fsGroup, { readOnly: true });
    };
    await writeAtomically(path, payload, prepare);
    return { path, readOnly: true };
  }

  /** Of a pod, as they were last set up by this process. */
  mountedVolumes(uid: string): ReadonlyMap<string, MountedVolume> {
    return this.#mounted.get(uid) ?? new Map();
  }

  async #claimed(pod: Pod, volume: Volume): Promise<MountedVolume> {
    const ready = this.#ready.get(pod.metadata.uid) ?? new Set();
    const claimed = await this.#options.claims.resolve(pod, volume);
    const mounted = await preparePersistentVolume(claimed, pod, !ready.has(volume.name));
    this.#ready.set(pod.metadata.uid, ready.add(volume.name));
    return mounted;
  }

  /** Secrets and tokens never touch a disk. */
  async #payloadPath(pod: Pod, volume: Volume, folder: string): Promise<string> {
    if (folder === payloadFolders.configMap)
      return join(volumesDirectory(this.#options.paths, pod.metadata.uid), folder, volume.name);
    await this.#ensureMemory();
    return join(this.#memoryDirectory(pod.metadata.uid), folder, volume.name);
  }

  /** One file system in memory for the secrets of all pods: a mount per volume would cost two processes per pod. */
  #ensureMemory(): Promise<void> {
    this.#memory ??= this.#mountMemory().catch((error: unknown) => {
      this.#memory = undefined;
      throw error;
    });
    return this.#memory;
  }

  async #mountMemory(): Promise<void> {
    const { mounter } = this.#options;
    const path = this.#memoryRoot();
    await mkdir(path, { recursive: true, mode: 0o750 });
    if ((await mounter.mountsBelow(path)).includes(path)) return;
    await mounter.mountTmpfs(path, {});
  }

  #memoryRoot(): string {
    return join(this.#options.paths.root, 'memory');
  }

  #memoryDirectory(uid: string): string {
    return join(this.#memoryRoot(), uid);
  }

  async #emptyDir(pod: Pod, volume: Volume): Promise<MountedVolume> {
    const { mounter, paths } = this.#options;
    const path = join(volumesDirectory(paths, pod.metadata.uid), 'kubernetes.io~empty-dir', volume.name);
    const { medium = '', sizeLimit } = volume.emptyDir ?? {};
    requireMedium(medium);
    const ready = this.#ready.get(pod.metadata.uid) ?? new Set();
    if (ready.has(volume.name)) return { path, readOnly: false };
    await mkdir(path, { recursive: true });
    if (medium === 'Memory' && !(await mounter.mountsBelow(path)).includes(path)) {
      const sizeBytes = memoryLimit(pod, sizeLimit);
      await mounter.mountTmpfs(path, sizeBytes === undefined ? {} : { sizeBytes });
    }
    await chmod(path, 0o777);
    const { fsGroup, fsGroupChangePolicy: changePolicy } = pod.spec.securityContext ?? {};
    if (fsGroup !== undefined) await setVolumeOwnership(path, fsGroup, { readOnly: false, changePolicy });
    this.#ready.set(pod.metadata.uid, ready.add(volume.name));
    return { path, readOnly: false };
  }

  /** Takes away everything the kubelet keeps for a pod. Its containers must be gone. */
  async unmountPod(uid: string): Promise<void> {
    const { mounter, paths } = this.#options;
    await this.#removeTree(podDirectory(paths, uid), mounter);
    await rm(this.#memoryDirectory(uid), { recursive: true, force: true });
    this.#ready.delete(uid);
    this.#mounted.delete(uid);
  }

  /** Only the volumes; what else the kubelet keeps for the pod stays. */
  async unmountVolumes(uid: string): Promise<void> {
    const { mounter, paths } = this.#options;
    const folders = [volumesDirectory(paths, uid), join(podDirectory(paths, uid), 'volume-subpaths')];
    for (const folder of folders) await this.#removeTree(folder, mounter);
    await rm(this.#memoryDirectory(uid), { recursive: true, force: true });
    this.#ready.delete(uid);
    this.#mounted.delete(uid);
  }

  async #removeTree(folder: string, mounter: Mounter): Promise<void> {
    for (const point of await mounter.mountsBelow(folder)) await mounter.unmount(point);
    // Never recurse into something that is still mounted: it would be somebody's data.
    const left = await mounter.mountsBelow(folder);
    if (left.length > 0) throw new VolumeError([`${left[0]} is still mounted`]);
    await rm(folder, { recursive: true, force: true });
  }

  /** Pods that have something on this node's disk. */
  async podsOnDisk(): Promise<string[]> {
    const folders = [join(this.#options.paths.root, 'pods'), this.#memoryRoot()];
    const lists = await Promise.all(folders.map(async (folder) => await listOrEmpty(folder)));
    return [...new Set(lists.flat())];
  }
}

/** Those that containers mount. A volume may not be left out in silence, so devices are told of here. */
function usedVolumes(pod: Pod): Volume[] {
  const containers = allContainers(pod);
  const mounted = new Set(containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)));
  const devices = new Set(containers.flatMap(({ volumeDevices = [] }) => volumeDevices.map(({ name }) => name)));
  return (pod.spec.volumes ?? []).filter(({ name }) => mounted.has(name) || devices.has(name));
}

function payloadFolder(volume: Volume): string | undefined {
  if (volume.configMap) return payloadFolders.configMap;
  if (volume.secret) return payloadFolders.secret;
  if (volume.downwardAPI) return payloadFolders.downwardAPI;
  if (volume.projected) return payloadFolders.projected;
  return undefined;
}

function unsupported(volume: Volume): string {
  const [type] = Object.keys(volume).filter((key) => key !== 'name');
  return `failed to get Plugin from volumeSpec for volume "${volume.name}" err=no volume plugin matched: volumes of type "${type ?? 'none'}" are not supported by this kubelet`;
}

/** The smallest of what the volume may hold and what the pod's containers may use together. */
function memoryLimit(pod: Pod, sizeLimit: string | undefined): number | undefined {
  const limits = pod.spec.containers.map((container) => bytesOf(container.resources?.limits?.['memory']));
  const podLimit = limits.every((limit) => limit > 0) ? limits.reduce((sum, limit) => sum + limit, 0) : 0;
  const own = bytesOf(sizeLimit);
  const candidates = [podLimit, own].filter((limit) => limit > 0);
  return candidates.length > 0 ? Math.min(...candidates) : undefined;
}

async function listOrEmpty(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The node has no huge pages, so no pod that requests any comes as far as this. */
function requireMedium(medium: string): void {
  if (medium === '' || medium === 'Memory') return;
  if (!/^HugePages(-|$)/.test(medium)) throw new Error(`unknown storage medium "${medium}"`);
  throw new Error(`medium ${medium}: hugePages storage requested, but there is no resource request for huge pages`);
}
