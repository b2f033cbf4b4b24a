/** Creating containers under fixed names: what a killed predecessor left half made gives way. */

import type { Logger } from '@kubelab/component/logger';
import type Docker from 'dockerode';
import type { ContainerCreateOptions } from 'dockerode';
import { engineStatus } from './errors.js';

/**
 * Creates the container and answers its ID. Where another holds the name and does not run, that one is removed first; one that runs is left alone
 * and the engine's conflict is thrown.
 */
export async function createNamed(docker: Docker, options: ContainerCreateOptions, logger: Logger): Promise<string> {
  try {
    return (await docker.createContainer(options)).id;
  } catch (error) {
    if (engineStatus(error) !== 409 || options.name === undefined) throw error;
    logger.info('Removing a half-made container of the same name', { name: options.name });
    await removeStopped(docker, options.name);
    return (await docker.createContainer(options)).id;
  }
}

async function removeStopped(docker: Docker, name: string): Promise<void> {
  try {
    await docker.getContainer(name).remove({ v: true });
  } catch (error) {
    if (engineStatus(error) !== 404) throw error;
  }
}

/** Removes a container of any state with its anonymous volumes; one that is gone already is fine. */
export async function removeForced(docker: Docker, id: string): Promise<void> {
  try {
    await docker.getContainer(id).remove({ v: true, force: true });
  } catch (error) {
    // 409: the removal is under way already; whoever asked again will see it gone.
    if (engineStatus(error) !== 404 && !isRemovalInProgress(error)) throw error;
  }
}

function isRemovalInProgress(error: unknown): boolean {
  return engineStatus(error) === 409 && /removal of container .* is already in progress/.test(String(error));
}
