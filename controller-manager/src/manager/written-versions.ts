import { type KubeObject, objectKey } from '@kubelab/apimachinery/meta';

/**
 * Knows which versions of an object are outdated because we have written a newer one that the cache does not show yet. Working on such a version
 * would repeat what has been done; the newer one brings its own event.
 */
export class WrittenVersions {
  readonly #outdated = new Map<string, Set<string>>();

  /** `written` is what the server made of our change to `old`. */
  note(old: KubeObject, written: KubeObject): void {
    const { resourceVersion } = old.metadata;
    if (written.metadata.resourceVersion === resourceVersion) return;
    const key = objectKey(old);
    this.#outdated.set(key, (this.#outdated.get(key) ?? new Set()).add(resourceVersion));
  }

  isOutdated(object: KubeObject): boolean {
    const key = objectKey(object);
    if (this.#outdated.get(key)?.has(object.metadata.resourceVersion)) return true;
    this.#outdated.delete(key);
    return false;
  }

  forget(key: string): void {
    this.#outdated.delete(key);
  }
}
