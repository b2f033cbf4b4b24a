/** Finds the resource that a key belongs to. */

export class ResourceRouter<T> {
  readonly #byPath = new Map<string, T>();
  #depth = 0;

  get(path: string): T | undefined {
    return this.#byPath.get(path);
  }

  set(path: string, resource: T): void {
    this.#byPath.set(path, resource);
    this.#depth = Math.max(this.#depth, path.split('/').length);
  }

  /** What was at the path. */
  delete(path: string): T | undefined {
    const resource = this.#byPath.get(path);
    this.#byPath.delete(path);
    return resource;
  }

  values(): T[] {
    return [...this.#byPath.values()];
  }

  entries(): [string, T][] {
    return [...this.#byPath];
  }

  /** The resource with the longest path that `key` lies in, and the key below that path. */
  find(key: string): { resource: T; key: string } | undefined {
    let found: { resource: T; key: string } | undefined;
    for (let depth = 1, slash = key.indexOf('/'); slash >= 0 && depth <= this.#depth; depth++) {
      const resource = this.#byPath.get(key.slice(0, slash));
      if (resource !== undefined) found = { resource, key: key.slice(slash + 1) };
      slash = key.indexOf('/', slash + 1);
    }
    return found;
  }
}
