import type Docker from 'dockerode';
import { isInUse, isMissing } from '../images/owned-images.js';

/**
 * With its disks. Compose hands a container that it makes anew the anonymous volumes of the old one by name, and then the engine no longer
 * takes them for the container's own: they are removed here. Somebody else may remove any of it at the same time.
 */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
  try {
    const container = docker.getContainer(id);
    const { Mounts } = await container.inspect();
    await container.remove({ force: true, v: true });
    for (const name of anonymousVolumes(Mounts)) await removeVolume(docker, name);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Their names are the engine's own. */
export function anonymousVolumes(mounts: readonly { Name?: string | undefined }[]): string[] {
  return mounts.flatMap(({ Name }) => (Name !== undefined && /^[0-9a-f]{64}$/.test(Name) ? [Name] : []));
}

async function removeVolume(docker: Docker, name: string): Promise<void> {
  try {
    await docker.getVolume(name).remove();
  } catch (error) {
    if (!isMissing(error) && !isInUse(error)) throw error;
  }
}
