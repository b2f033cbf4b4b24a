import { join } from 'node:path';
import type { Pod, VolumeMount } from '@kubelab/api/types';
import type { MountInput, MountPropagation } from '@kubelab/proto/generated/runtime-v1';
import { expand } from '../containers/expansion.js';
import { type NodePaths, podDirectory } from '../containers/paths.js';
import type { ContainerSpec } from '../pods/pod.js';
import type { Mounter } from './mounter.js';
import { bindSubPath, checkSubPath } from './sub-path.js';
import type { MountedVolume } from './volume-manager.js';

export interface ContainerMountsOptions {
  pod: Pod;
  container: ContainerSpec;
  volumes: ReadonlyMap<string, MountedVolume>;
  environment: ReadonlyMap<string, string>;
  paths: NodePaths;
  mounter: Mounter;
  /** Told what is not for the pod's owner to know: details of the node's file system. */
  onDetail(message: string, error: unknown): void;
}

const propagations: Readonly<Record<string, MountPropagation>> = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

/** A container's volume mounts for CRI. Sub-paths are bound below the pod's folder first. Throws an Error in upstream's words. */
export async function containerMounts(options: ContainerMountsOptions): Promise<MountInput[]> {
  const mounts: MountInput[] = [];
  for (const [index, mount] of (options.container.volumeMounts ?? []).entries()) {
    refuseRecursiveReadOnly(mount);
    const volume = options.volumes.get(mount.name);
    if (!volume)
      throw new Error(`cannot find volume "${mount.name}" to mount into container "${options.container.name}"`);
    mounts.push({
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      hostPath: await hostPathOf(options, mount, index, volume),
      readonly: volume.readOnly || mount.readOnly === true,
      propagation: propagations[mount.mountPropagation ?? 'None'] ?? 'PROPAGATION_PRIVATE',
    });
  }
  return mounts;
}

async function hostPathOf(
  options: ContainerMountsOptions,
  mount: VolumeMount,
  index: number,
  volume: MountedVolume,
): Promise<string> {
  const subPath = subPathOf(mount, options.environment);
  if (subPath === '') return volume.path;
  const folder = join(podDirectory(options.paths, options.pod.metadata.uid), 'volume-subpaths', mount.name);
  const target = join(folder, options.container.name, String(index));
  checkSubPath(subPath);
  try {
    await bindSubPath(options.mounter, volume.path, subPath, target);
  } catch (error) {
    const message = `failed to prepare subPath for volumeMount "${mount.name}" of container "${options.container.name}"`;
    options.onDetail(message, error);
    throw new Error(message, { cause: error });
  }
  return target;
}

function refuseRecursiveReadOnly({
  name,
  readOnly,
  recursiveReadOnly = 'Disabled',
  mountPropagation,
}: VolumeMount): void {
  if (recursiveReadOnly === 'Disabled') return;
  const title = `failed to resolve recursive read-only mode: volume "${name}" requested recursive read-only mode, but it is not`;
  if (!readOnly) throw new Error(`${title} read-only`);
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    throw new Error(`${title} compatible with propagation "${mountPropagation}"`);
  if (recursiveReadOnly === 'Enabled') throw new Error(`${title} supported by the runtime`);
}

function subPathOf(mount: VolumeMount, environment: ReadonlyMap<string, string>): string {
  if (!mount.subPathExpr) return mount.subPath ?? '';
  const missing: string[] = [];
  const path = expand(mount.subPathExpr, (name) => {
    const value = environment.get(name);
    if (!value) missing.push(name);
    return value;
  });
  if (missing.length > 0) throw new Error(`missing value for ${[...new Set(missing)].sort().join(', ')}`);
  return path;
}
