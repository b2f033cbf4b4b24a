/** What pods have on the node, beside what their containers write for themselves. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, Volume } from '@kubelab/api/types';
import { logDirectoryOf, type NodePaths } from '../containers/paths.js';
import type { DiskUsage } from '../node/machine.js';
import { allContainers, namespaceOf } from '../pods/pod.js';
import { claimNameOf } from '../volumes/claims.js';

export interface Size {
  bytes: number;
  inodes: number;
}

export interface VolumeFiles {
  /** As the pod names it. */
  name: string;
  size: Size;
  /** The file system that it is on. */
  disk: DiskUsage;
  /** Whose it is, when the pod has it by a claim. */
  claim?: { name: string; namespace: string };
  /** It counts for the pod's ephemeral storage. */
  isEphemeral: boolean;
}

export interface PodFiles {
  /** By container. */
  logs: ReadonlyMap<string, Size>;
  volumes: readonly VolumeFiles[];
}

export interface PodFilesReaderOptions {
  paths: NodePaths;
  /** Where a pod's volumes are, by name. */
  volumesOf(uid: string): ReadonlyMap<string, { path: string }>;
  disk(path: string): Promise<DiskUsage>;
}

export class PodFilesReader {
  constructor(private readonly options: PodFilesReaderOptions) {}

  async read(pod: Pod): Promise<PodFiles> {
    const { paths, volumesOf } = this.options;
    const logs = new Map<string, Size>();
    for (const { name } of allContainers(pod)) logs.set(name, await sizeOf(join(logDirectoryOf(paths, pod), name)));
    const places = volumesOf(pod.metadata.uid);
    const volumes: VolumeFiles[] = [];
    for (const volume of pod.spec.volumes ?? []) {
      const place = places.get(volume.name);
      // Folders of the node are not the pod's: upstream does not measure them either.
      const found = place && !volume.hostPath ? await this.volume(pod, volume, place.path) : undefined;
      if (found) volumes.push(found);
    }
    return { logs, volumes };
  }

  /** Undefined for one that is not there any more. */
  private async volume(pod: Pod, volume: Volume, path: string): Promise<VolumeFiles | undefined> {
    const disk = await unlessMissing(this.options.disk(path));
    if (!disk) return undefined;
    const { name } = volume;
    const claim = claimNameOf(pod, volume);
    if (claim === undefined) {
      const isEphemeral = volume.configMap !== undefined || isOnDisk(volume);
      return { name, size: await sizeOf(path), disk, isEphemeral };
    }
    const size = { bytes: disk.capacityBytes - disk.availableBytes, inodes: disk.inodes - disk.inodesFree };
    return { name, size, disk, isEphemeral: false, claim: { name: claim, namespace: namespaceOf(pod) } };
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isOnDisk({ emptyDir }: Volume): boolean {
  return emptyDir !== undefined && emptyDir.medium !== 'Memory';
}

/** What a folder takes on disk; holes take nothing. One that is not there takes nothing either. */
export async function sizeOf(path: string): Promise<Size> {
  try {
    const info = await lstat(path);
    const size = { bytes: info.blocks * 512, inodes: 1 };
    if (!info.isDirectory()) return size;
    for (const name of await readdir(path)) {
      const inner = await sizeOf(join(path, name));
      size.bytes += inner.bytes;
      size.inodes += inner.inodes;
    }
    return size;
  } catch (error) {
    // Pods remove files while they are counted.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { bytes: 0, inodes: 0 };
    throw error;
  }
}
