/** Removes the folders of local volumes that the cluster has deleted, when the node's own object asks for it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodes } from '@kubelab/api/resource-types';
import type { Node } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import type { Logger } from '@kubelab/component/logger';
import type { PodState } from '../runtime/pod-state.js';
import type { Mounter } from './mounter.js';

const removalPrefix = 'remove.local-path.kubelab.io/';
/** As the provisioner names its volumes: nothing else is ever removed. */
const volumeName = /^pvc-[0-9a-f][0-9a-f-]{0,50}$/;

/** Names of volumes whose folders are to be removed. Pure. */
export function volumesToRemove(node: Node | undefined): string[] {
  return Object.keys(node?.metadata.annotations ?? {})
    .filter((key) => key.startsWith(removalPrefix))
    .map((key) => key.slice(removalPrefix.length))
    .filter((name) => volumeName.test(name));
}

/** Whether a container that is there may still use what lies at the path. Pure. */
export function isInUse(path: string, states: readonly PodState[]): boolean {
  return states.some(({ containers }) =>
    containers.some(
      ({ state, mounts }) => state === 'CONTAINER_RUNNING' && mounts.some((mount) => mount.hostPath === path),
    ),
  );
}

export interface LocalVolumesOptions {
  client: Pick<KubeClient, 'patch'>;
  mounter: Pick<Mounter, 'mountsBelow'>;
  nodeName: string;
  /** The kubelet's root folder. */
  root: string;
  node(): Node | undefined;
  states(): PodState[];
  logger: Logger;
}

export class LocalVolumes {
  constructor(private readonly options: LocalVolumesOptions) {}

  /** Removes what is asked for and not in use, then says so. To be repeated until nothing is asked for any more. */
  async removeDeleted(): Promise<void> {
    const { client, mounter, nodeName, root, node, states, logger } = this.options;
    for (const name of volumesToRemove(node())) {
      const path = join(root, 'local-volumes', name);
      // What is mounted below is somebody else's data.
      if (isInUse(path, states()) || (await mounter.mountsBelow(path)).length > 0) continue;
      await rm(path, { recursive: true, force: true });
      await client.patch(nodes, nodeName, undefined, 'merge', {
        metadata: { annotations: { [`${removalPrefix}${name}`]: null } },
      });
      logger.info('Removed the folder of a deleted volume', { volume: name });
    }
  }
}
