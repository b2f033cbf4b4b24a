/** What pods use, from the runtime's stats and from the node's disk. */
import { join } from 'node:path';
import type { Pod } from '@kubelab/api/types';
import { logDirectoryOf, type NodePaths, volumesDirectory } from '../containers/paths.js';
import { type Size, sizeOf } from '../stats/pod-files.js';
import { containerNameOf, type PodUsage, sum } from '../stats/pod-usage.js';
import type { PodConsumption } from './ranking.js';
import type { StorageUse } from './storage-limits.js';

export interface PodConsumptionOptions {
  paths: NodePaths;
  stats(): Promise<PodUsage[]>;
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

  private async one(pod: Pod, usage: PodUsage): Promise<PodConsumption> {
    const layers = layersOf(usage);
    const containers: PodConsumption['containers'] = [];
    for (const container of usage.containers) {
      const name = containerNameOf(container);
      const log = await sizeOf(join(logDirectoryOf(this.options.paths, pod), name));
      const memory = container.memory?.workingSetBytes?.value ?? 0;
      containers.push({ name, memory, storage: (layers.get(name)?.bytes ?? 0) + log.bytes });
    }
    const volumes = [...(await this.emptyDirs(pod)).values()];
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

function layersOf(usage: PodUsage): Map<string, Size> {
  return new Map(
    usage.containers.map((container) => [
      containerNameOf(container),
      {
        bytes: container.writableLayer?.usedBytes?.value ?? 0,
        inodes: container.writableLayer?.inodesUsed?.value ?? 0,
      },
    ]),
  );
}
