/** Pods that use more of the node's disk than they may: upstream's local storage eviction. Pure. */
import type { Pod } from '@kubelab/api/types';
import { bytesOf } from '../containers/amounts.js';

export interface StorageUse {
  /** Writable layer and log, bytes, by container. */
  containers: ReadonlyMap<string, number>;
  /** Bytes by volume; those in memory are limited by their own file system. */
  emptyDirs: ReadonlyMap<string, number>;
}

const resource = 'ephemeral-storage';

/** Whether there is anything to look at. */
export function hasStorageLimits(pod: Pod): boolean {
  return (
    pod.spec.containers.some((container) => container.resources?.limits?.[resource] !== undefined) ||
    (pod.spec.volumes ?? []).some((volume) => bytesOf(volume.emptyDir?.sizeLimit) > 0)
  );
}

/** Why the pod must go; undefined when it keeps to its limits. */
export function exceededStorage(pod: Pod, use: StorageUse): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = bytesOf(emptyDir?.sizeLimit);
    if (limit > 0 && (use.emptyDirs.get(name) ?? 0) > limit)
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir?.sizeLimit}". `;
  }
  const limits = pod.spec.containers.map((container) => container.resources?.limits?.[resource]);
  const total = limits.reduce((sum, limit) => sum + bytesOf(limit), 0);
  const used = [...use.containers.values(), ...use.emptyDirs.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (limits.every((limit) => limit !== undefined) && used > total)
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${limits.length === 1 ? limits[0] : total}. `;
  for (const container of pod.spec.containers) {
    const limit = container.resources?.limits?.[resource];
    if (limit !== undefined && (use.containers.get(container.name) ?? 0) > bytesOf(limit))
      return `Container ${container.name} exceeded its local ephemeral storage limit "${limit}". `;
  }
  return undefined;
}
