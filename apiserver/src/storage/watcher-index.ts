/** Finds the watchers that a change concerns without asking the others. */

import type { CacheWatcher } from './cache-watcher.js';

/** What a watcher looks at: everything, a namespace, one name (in all namespaces when `namespace` is absent). */
export interface WatchScope {
  namespace?: string;
  name?: string;
}

/** Whether a key (`namespace/name` or `name`) lies in the scope. */
export function scopeIncludes(scope: WatchScope, key: string): boolean {
  const slash = key.indexOf('/');
  if (scope.namespace !== undefined && scope.namespace !== key.slice(0, Math.max(slash, 0))) return false;
  return scope.name === undefined || scope.name === key.slice(slash + 1);
}

export class WatcherIndex {
  readonly #everything = new Set<CacheWatcher>();
  readonly #byScope = new Map<string, Set<CacheWatcher>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(watcher: CacheWatcher, scope: WatchScope): void {
    const bucket = scopeKey(scope);
    const set = bucket === undefined ? this.#everything : (this.#byScope.get(bucket) ?? new Set());
    set.add(watcher);
    if (bucket !== undefined) this.#byScope.set(bucket, set);
    this.#size++;
  }

  remove(watcher: CacheWatcher, scope: WatchScope): void {
    const bucket = scopeKey(scope);
    const set = bucket === undefined ? this.#everything : this.#byScope.get(bucket);
    if (!set?.delete(watcher)) return;
    this.#size--;
    if (bucket !== undefined && set.size === 0) this.#byScope.delete(bucket);
  }

  /** Calls `visit` for each watcher whose scope includes `key`. */
  forEachOf(key: string, visit: (watcher: CacheWatcher) => void): void {
    for (const watcher of this.#everything) visit(watcher);
    if (this.#byScope.size === 0) return;
    const slash = key.indexOf('/');
    const name = key.slice(slash + 1);
    this.#visit(scopeKey({ name }), visit);
    if (slash < 0) return;
    const namespace = key.slice(0, slash);
    this.#visit(scopeKey({ namespace }), visit);
    this.#visit(scopeKey({ namespace, name }), visit);
  }

  all(): CacheWatcher[] {
    return [...this.#everything, ...[...this.#byScope.values()].flatMap((set) => [...set])];
  }

  #visit(bucket: string | undefined, visit: (watcher: CacheWatcher) => void): void {
    const set = bucket === undefined ? undefined : this.#byScope.get(bucket);
    if (set === undefined) return;
    for (const watcher of set) visit(watcher);
  }
}

function scopeKey({ namespace, name }: WatchScope): string | undefined {
  if (namespace === undefined) return name === undefined ? undefined : `*/${name}`;
  return name === undefined ? `${namespace}/` : `${namespace}/${name}`;
}
