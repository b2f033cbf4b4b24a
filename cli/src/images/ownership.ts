/**
 * Whose an image is. Images are named after their contents, so that labs of one engine share them, and each lab has a tag of its own on
 * every image that it uses: `kubelab/node:<content>-<owner>`. The engine counts tags: an image goes with its last one, so a lab can take
 * its own away and never hurts another. Pure.
 */

import { createHash } from 'node:crypto';

/** Everything that kubelab builds or pulls for itself is called so. */
export const ownRepositories = 'kubelab/*';

/** Label of build stages, which have no tags, with the owner as its value. */
export const ownerLabel = 'io.kubelab.owner';

/** One lab of one checkout, on whatever engine: its project, and a hash of where the checkout lies. */
export function ownerOf(project: string, root: string): string {
  return `${project}-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
}

/** `content` without dashes: a hash, or a release. */
export function ownedName(repository: string, content: string, owner: string): string {
  return `${repository}:${content}-${owner}`;
}

export function isOwnedBy(name: string, owner: string): boolean {
  const [, repository, tag] = /^(kubelab\/[^:]+):([^:]+)$/.exec(name) ?? [];
  return repository !== undefined && tag?.slice(tag.indexOf('-') + 1) === owner && tag.includes('-');
}

/** Whether the name is that of an image with these contents, whoever's it is. */
export function hasContent(name: string, repository: string, content: string): boolean {
  return name === `${repository}:${content}` || name.startsWith(`${repository}:${content}-`);
}
