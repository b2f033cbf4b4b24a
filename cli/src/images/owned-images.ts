/** The images of one lab, as its engine has them. What is shared, and when it goes, is said in ownership.ts. */

import type Docker from 'dockerode';
import { codeOf } from '../errors.js';
import { hasContent, isOwnedBy, ownedName, ownerLabel, ownRepositories } from './ownership.js';

/** Gives the image with these contents a tag of this lab's own, whoever made it. False: the engine has none. */
export async function adoptImage(
  docker: Docker,
  repository: string,
  content: string,
  owner: string,
): Promise<string | undefined> {
  const own = ownedName(repository, content, owner);
  const names = await namesOf(docker, repository);
  if (names.includes(own)) return own;
  const other = names.find((name) => hasContent(name, repository, content));
  if (other === undefined) return undefined;
  try {
    await docker.getImage(other).tag({ repo: repository, tag: `${content}-${owner}` });
    return own;
  } catch (error) {
    // Its owner has taken it away in this moment.
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function hasImage(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export interface Removal {
  removed: string[];
  /** A container that is not the lab's uses them. */
  inUse: string[];
}

/** Takes the owner's tags off all images but these; an image goes with its last tag. */
export async function removeOwnImages(docker: Docker, owner: string, keep: readonly string[] = []): Promise<Removal> {
  const result: Removal = { removed: [], inUse: [] };
  for (const name of (await namesOf(docker, ownRepositories)).filter((item) => isOwnedBy(item, owner))) {
    if (keep.includes(name)) continue;
    try {
      await docker.getImage(name).remove();
      result.removed.push(name);
    } catch (error) {
      if (isInUse(error)) result.inUse.push(name);
      else if (!isMissing(error)) throw error;
    }
  }
  return result;
}

/**
 * The classic builder leaves the stages of a build behind, as a cache. With `only`, those of one stage. BuildKit keeps its own cache, which
 * nobody's label marks.
 */
export async function removeStages(docker: Docker, owner: string, only?: string): Promise<void> {
  const label = [`${ownerLabel}=${owner}`, ...(only === undefined ? [] : [`io.kubelab.stage=${only}`])];
  await docker.pruneImages({ filters: JSON.stringify({ dangling: ['true'], label }) });
}

async function namesOf(docker: Docker, reference: string): Promise<string[]> {
  const images = await docker.listImages({ filters: { reference: [reference] } });
  return images.flatMap(({ RepoTags }) => RepoTags ?? []);
}

/** Whether the engine answered that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** Whether the engine answered that somebody needs it. */
export function isInUse(error: unknown): boolean {
  return statusOf(error) === 409;
}

function statusOf(error: unknown): unknown {
  return codeOf(error) === undefined && error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
}
