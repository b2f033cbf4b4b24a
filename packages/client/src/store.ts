import { type KubeObject, objectKey } from '@kubelab/apimachinery/meta';

/** Objects by key, by namespace, and by any number of named indexes. */
export class IndexedStore<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, { values: (object: T) => string[]; entries: Map<string, Map<string, T>> }>();

  constructor() {
    this.addIndex('namespace', (object) => [object.metadata.namespace ?? '']);
  }

  addIndex(name: string, values: (object: T) => string[]): void {
    const index = { values, entries: new Map<string, Map<string, T>>() };
    this.#indexes.set(name, index);
    for (const object of this.#objects.values()) insert(index.entries, values(object), objectKey(object), object);
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): T[] {
    return namespace ? this.byIndex('namespace', namespace) : [...this.#objects.values()];
  }

  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`there is no index "${name}"`);
    return [...(index.entries.get(value)?.values() ?? [])];
  }

  /** Returns what was there before. */
  set(object: T): T | undefined {
    const key = objectKey(object);
    const old = this.#objects.get(key);
    if (old) this.#unindex(key, old);
    this.#objects.set(key, object);
    for (const { values, entries } of this.#indexes.values()) insert(entries, values(object), key, object);
    return old;
  }

  delete(key: string): boolean {
    const old = this.#objects.get(key);
    if (!old) return false;
    this.#unindex(key, old);
    return this.#objects.delete(key);
  }

  #unindex(key: string, object: T): void {
    for (const { values, entries } of this.#indexes.values()) {
      for (const value of values(object)) {
        const bucket = entries.get(value);
        bucket?.delete(key);
        if (bucket?.size === 0) entries.delete(value);
      }
    }
  }
}

function insert<T>(entries: Map<string, Map<string, T>>, values: string[], key: string, object: T): void {
  for (const value of values) {
    let bucket = entries.get(value);
    if (!bucket) {
      bucket = new Map();
      entries.set(value, bucket);
    }
    bucket.set(key, object);
  }
}
