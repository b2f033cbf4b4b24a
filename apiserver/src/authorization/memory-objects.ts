/** Stored objects in memory, for unit tests of everything that reads and writes through ObjectAccess. */

import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import type { GroupResource, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { alreadyExists } from '@kubelab/apimachinery/status-error';
import type { ObjectAccess } from '../contracts.js';

type Listener = (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: UnstructuredObject) => void;

export class MemoryObjects implements ObjectAccess {
  readonly #objects = new Map<string, UnstructuredObject>();
  readonly #listeners = new Map<string, Set<Listener>>();
  #revision = 0;

  /** Number of writes so far. */
  get revision(): number {
    return this.#revision;
  }

  /** Stores an object as it is given, and returns it. */
  put(resource: GroupResource | string, object: object): UnstructuredObject {
    const groupResource = typeof resource === 'string' ? parse(resource) : resource;
    const stored = deepClone(object) as UnstructuredObject;
    const key = keyOf(groupResource, stored.metadata.namespace, stored.metadata.name);
    const old = this.#objects.get(key);
    stored.metadata.uid ??= old?.metadata.uid ?? `uid-of-${stored.metadata.name}`;
    stored.metadata.creationTimestamp ??= '2026-01-01T00:00:00Z';
    stored.metadata.resourceVersion = String(++this.#revision);
    this.#objects.set(key, stored);
    this.#tell(groupResource, old ? 'MODIFIED' : 'ADDED', stored);
    return stored;
  }

  remove(resource: string, namespace: string | undefined, name: string): void {
    const groupResource = parse(resource);
    const key = keyOf(groupResource, namespace, name);
    const old = this.#objects.get(key);
    if (!old) return;
    this.#objects.delete(key);
    this.#revision++;
    this.#tell(groupResource, 'DELETED', old);
  }

  peek<T>(resource: GroupResource, namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(keyOf(resource, namespace, name)) as T | undefined;
  }

  peekAll<T>(resource: GroupResource, namespace?: string): T[] {
    const prefix = namespace === undefined ? `${nameOf(resource)}|` : `${nameOf(resource)}|${namespace}/`;
    return [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object as T);
  }

  async get<T>(resource: GroupResource, namespace: string | undefined, name: string): Promise<T | undefined> {
    return this.peek<T>(resource, namespace, name);
  }

  async create(resource: GroupResource, object: Record<string, unknown>): Promise<UnstructuredObject> {
    const { metadata } = object as unknown as UnstructuredObject;
    if (this.peek(resource, metadata.namespace, metadata.name)) throw alreadyExists(resource, metadata.name);
    return this.put(resource, object);
  }

  async update(
    resource: GroupResource,
    namespace: string | undefined,
    name: string,
    change: (current: UnstructuredObject | undefined) => UnstructuredObject | undefined,
  ): Promise<UnstructuredObject | undefined> {
    const current = this.peek<UnstructuredObject>(resource, namespace, name);
    const next = change(deepClone(current));
    if (!next || deepEqual(next, current)) return current;
    return this.put(resource, next);
  }

  onChange(resource: GroupResource, listener: Listener): () => void {
    const listeners = this.#listeners.get(nameOf(resource)) ?? new Set();
    this.#listeners.set(nameOf(resource), listeners.add(listener));
    return () => listeners.delete(listener);
  }

  #tell(resource: GroupResource, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: UnstructuredObject): void {
    for (const listener of this.#listeners.get(nameOf(resource)) ?? []) listener(type, object);
  }
}

/** `pods`, `roles.rbac.authorization.k8s.io`. */
function parse(text: string): GroupResource {
  const dot = text.indexOf('.');
  return dot < 0 ? { group: '', resource: text } : { group: text.slice(dot + 1), resource: text.slice(0, dot) };
}

function nameOf({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function keyOf(resource: GroupResource, namespace: string | undefined, name: string): string {
  return `${nameOf(resource)}|${namespace ? `${namespace}/` : ''}${name}`;
}
