/** What pods use, from the runtime's stats and from the node's disk. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@kubelab/api/types';
import { logDirectoryOf, type NodePaths, volumesDirectory } from '../containers/paths.js';
import { allContainers } from '../pods/pod.js';
import { containerNameLabel } from '../runtime/labels.js';
import type { PodUsage } from '../server/stats.js';
import type { PodConsumption } from './ranking.js';
import type { StorageUse } from './storage-limits.js';

export interface PodConsumptionOptions {
  paths: NodePaths;
  stats(): Promise<PodUsage[]>;
}

export interface Size {
  bytes: number;
  inodes: number;
}

export interface PodFiles {
  logs: ReadonlyMap<string, Size>;
  volumes: ReadonlyMap<string, Size>;
}

export class PodConsumptionReader {
  constructor(private readonly options: PodConsumptionOptions) {}

  async all(pods: readonly Pod[]): Promise<Map<string, PodConsumption>> {
    const stats = new Map((await this.options.stats()).map((usage) => [usage.uid, usage]));
    const result = new Map<string, PodConsumption>();
    for (const pod of pods) {
      const usage = stats.get(pod.metadata.uid);
      if (usage) result.set(pod.metadata.uid, await this.one(pod, usage));
    }
    return result;
  }

  async storageOf(pod: Pod): Promise<StorageUse> {
    const usage = (await this.options.stats()).find(({ uid }) => uid === pod.metadata.uid);
    const layers = usage ? layersOf(usage) : new Map<string, Size>();
    const containers = new Map<string, number>();
    for (const { name } of pod.spec.containers) {
      const log = await sizeOf(join(logDirectoryOf(this.options.paths, pod), name));
      containers.set(name, (layers.get(name)?.bytes ?? 0) + log.bytes);
    }
    const volumes = await this.emptyDirs(pod);
    return { containers, emptyDirs: new Map([...volumes].map(([name, { bytes }]) => [name, bytes])) };
  }

  /** On disk: the log of each container, and each emptyDir volume. */
  async filesOf(pod: Pod): Promise<PodFiles> {
    const logs = new Map<string, Size>();
    for (const { name } of allContainers(pod))
      logs.set(name, await sizeOf(join(logDirectoryOf(this.options.paths, pod), name)));
    return { logs, volumes: await this.emptyDirs(pod) };
  }

  private async one(pod: Pod, usage: PodUsage): Promise<PodConsumption> {
    const layers = layersOf(usage);
    const containers: PodConsumption['containers'] = [];
    for (const container of usage.containers) {
      const name = nameOf(container);
      const log = await sizeOf(join(logDirectoryOf(this.options.paths, pod), name));
      const memory = container.memory?.workingSetBytes?.value ?? 0;
      containers.push({ name, memory, storage: (layers.get(name)?.bytes ?? 0) + log.bytes });
    }
    const volumes = [...(await this.emptyDirs(pod)).values()];
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
    return {
      containers,
      memory: usage.whole?.linux?.memory?.workingSetBytes?.value ?? sum(containers.map(({ memory }) => memory)),
      storage: sum([...containers.map(({ storage }) => storage), ...volumes.map(({ bytes }) => bytes)]),
      inodes: sum([...layers.values(), ...volumes].map(({ inodes }) => inodes)),
      processes: usage.whole?.linux?.process?.processCount?.value ?? 0,
    };
  }

  private async emptyDirs(pod: Pod): Promise<Map<string, Size>> {
    const root = join(volumesDirectory(this.options.paths, pod.metadata.uid), 'kubernetes.io~empty-dir');
    const sizes = new Map<string, Size>();
    for (const { name, emptyDir } of pod.spec.volumes ?? []) {
      if (emptyDir && emptyDir.medium !== 'Memory') sizes.set(name, await sizeOf(join(root, name)));
    }
    return sizes;
  }
}

function nameOf(container: PodUsage['containers'][number]): string {
  return container.attributes?.labels[containerNameLabel] ?? container.attributes?.metadata?.name ?? '';
}

function layersOf(usage: PodUsage): Map<string, Size> {
  return new Map(
    usage.containers.map((container) => [
      nameOf(container),
      {
        bytes: container.writableLayer?.usedBytes?.value ?? 0,
        inodes: container.writableLayer?.inodesUsed?.value ?? 0,
      },
    ]),
  );
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
