/** An API server in memory: stores, patches, watches. Enough of one for a kubelet, and scriptable. */
import { builtinDefinitions } from '@kubelab/api/definitions';
import type { ResourceType } from '@kubelab/api/resource';
import type { Draft, KubeList, KubeObject } from '@kubelab/apimachinery/meta';
import { schemaFromOpenApi } from '@kubelab/apimachinery/openapi-schema';
import { alreadyExists, conflict, notFound } from '@kubelab/apimachinery/status-error';
import { strategicMergePatch } from '@kubelab/apimachinery/strategic-merge-patch';
import type { DeleteParams, KubeClient, ListParams, WatchMessage, WatchParams } from '@kubelab/client/client';

type Stored = KubeObject & { status?: unknown; spec?: { nodeName?: string } };

interface Watcher {
  type: ResourceType<KubeObject>;
  namespace: string | undefined;
  params: WatchParams;
  queue: WatchMessage<Stored>[];
  wake(): void;
}

const schemas: Readonly<Record<string, string>> = {
  pods: 'io.k8s.api.core.v1.Pod',
  nodes: 'io.k8s.api.core.v1.Node',
  events: 'io.k8s.api.core.v1.Event',
};

export interface Call {
  verb: string;
  type: string;
  name: string;
  body?: unknown;
}

export class FakeCluster implements KubeClient {
  readonly #objects = new Map<string, Stored>();
  readonly #watchers = new Set<Watcher>();
  #revision = 0;
  /** Everything that was written, in order. */
  readonly writes: Call[] = [];
  /** May throw to make a call fail. */
  intercept: (call: Call) => void = () => undefined;
  /** Answers of POSTs to subresources and reviews. */
  respond: (type: string, subresource: string, body: unknown) => unknown = () => ({});

  all<T extends KubeObject>(type: ResourceType<T>, namespace?: string): T[] {
    return this.#matching(type as ResourceType<KubeObject>, namespace, {}) as unknown as T[];
  }

  async get<T extends KubeObject>(type: ResourceType<T>, name: string, namespace?: string): Promise<T> {
    const found = this.#objects.get(keyOf(type, namespace, name));
    if (!found) throw notFound({ group: type.group, resource: type.plural }, name);
    return structuredClone(found) as unknown as T;
  }

  async list<T extends KubeObject>(
    type: ResourceType<T>,
    namespace?: string,
    params: ListParams = {},
  ): Promise<KubeList<T>> {
    const items = structuredClone(
      this.#matching(type as ResourceType<KubeObject>, namespace, params),
    ) as unknown as T[];
    return {
      apiVersion: type.version,
      kind: `${type.kind}List`,
      metadata: { resourceVersion: String(this.#revision) },
      items,
    };
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: Draft<T>): Promise<T> {
    const { name = '', namespace } = object.metadata;
    this.#note({ verb: 'create', type: type.plural, name, body: object });
    if (/review/.test(type.plural)) return this.respond(type.plural, '', object) as T;
    const key = keyOf(type, namespace, name);
    if (this.#objects.has(key)) throw alreadyExists({ group: type.group, resource: type.plural }, name);
    const stored = structuredClone(object) as unknown as Stored;
    stored.metadata = {
      ...stored.metadata,
      uid: stored.metadata.uid ?? `uid-${name}-${this.#revision}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    return this.#store('ADDED', type as ResourceType<KubeObject>, stored) as unknown as T;
  }

  async update<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    const { name, namespace } = object.metadata;
    this.#note({ verb: 'update', type: type.plural, name, body: object });
    await this.get(type, name, namespace);
    return this.#store(
      'MODIFIED',
      type as ResourceType<KubeObject>,
      structuredClone(object) as unknown as Stored,
    ) as unknown as T;
  }

  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    return this.update(type, object);
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    namespace: string | undefined,
    _kind: string,
    patch: unknown,
  ): Promise<T> {
    this.#note({ verb: 'patch', type: type.plural, name, body: patch });
    const current = (await this.get(type, name, namespace)) as unknown as Stored;
    const { uid } = (patch as { metadata?: { uid?: string } }).metadata ?? {};
    if (uid !== undefined && uid !== current.metadata.uid)
      throw conflict({ group: '', resource: type.plural }, name, 'uid mismatch');
    const schema = schemaFromOpenApi(builtinDefinitions(), schemas[type.plural] ?? '');
    const merged = strategicMergePatch(current as never, patch, schema) as unknown as Stored;
    return this.#store('MODIFIED', type as ResourceType<KubeObject>, merged) as unknown as T;
  }

  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    params: DeleteParams = {},
  ): Promise<void> {
    this.#note({ verb: 'delete', type: type.plural, name, body: params });
    const current = (await this.get(type, name, namespace)) as unknown as Stored;
    if (params.preconditions?.uid && params.preconditions.uid !== current.metadata.uid) {
      throw conflict({ group: '', resource: type.plural }, name, 'uid mismatch');
    }
    if (type.plural === 'pods' && params.gracePeriodSeconds !== 0 && current.spec?.nodeName) {
      const grace =
        params.gracePeriodSeconds ??
        (current.spec as { terminationGracePeriodSeconds?: number }).terminationGracePeriodSeconds ??
        30;
      current.metadata.deletionTimestamp = new Date(Date.now() + grace * 1000).toISOString();
      current.metadata.deletionGracePeriodSeconds = grace;
      this.#store('MODIFIED', type as ResourceType<KubeObject>, current);
      return;
    }
    this.#objects.delete(keyOf(type, namespace, name));
    this.#revision += 1;
    current.metadata.resourceVersion = String(this.#revision);
    this.#announce(type as ResourceType<KubeObject>, { type: 'DELETED', object: current });
  }

  async deleteCollection(): Promise<never> {
    throw new Error('not part of this fake');
  }

  async createSubresource<R>(
    type: ResourceType<KubeObject>,
    name: string,
    _namespace: string | undefined,
    subresource: string,
    body: unknown,
  ): Promise<R> {
    this.#note({ verb: 'create', type: `${type.plural}/${subresource}`, name, body });
    return this.respond(type.plural, subresource, body) as R;
  }

  async updateSubresource<R>(): Promise<R> {
    throw new Error('not part of this fake');
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    params: WatchParams,
    signal: AbortSignal,
  ): AsyncGenerator<WatchMessage<T>> {
    let wake = (): void => undefined;
    const watcher: Watcher = {
      type: type as ResourceType<KubeObject>,
      namespace,
      params,
      queue: [],
      wake: () => wake(),
    };
    // Nothing is lost between a list and its watch: what the list had not seen yet comes as an addition.
    for (const object of this.#matching(watcher.type, namespace, params)) {
      if (Number(object.metadata.resourceVersion) > Number(params.resourceVersion ?? 0))
        watcher.queue.push({ type: 'ADDED', object });
    }
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        const next = watcher.queue.shift();
        if (next) yield structuredClone(next) as unknown as WatchMessage<T>;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  async raw(): Promise<never> {
    throw new Error('not part of this fake');
  }

  close(): void {}

  #note(call: Call): void {
    this.intercept(call);
    this.writes.push(structuredClone(call));
  }

  #store(verb: 'ADDED' | 'MODIFIED', type: ResourceType<KubeObject>, object: Stored): Stored {
    this.#revision += 1;
    object.metadata.resourceVersion = String(this.#revision);
    this.#objects.set(keyOf(type, object.metadata.namespace, object.metadata.name), object);
    this.#announce(type, { type: verb, object });
    return structuredClone(object);
  }

  #announce(type: ResourceType<KubeObject>, message: WatchMessage<Stored>): void {
    for (const watcher of this.#watchers) {
      if (watcher.type.plural !== type.plural || !matches(message.object, watcher.namespace, watcher.params)) continue;
      watcher.queue.push(message);
      watcher.wake();
    }
  }

  #matching(type: ResourceType<KubeObject>, namespace: string | undefined, params: ListParams): Stored[] {
    const prefix = `${type.group}/${type.plural}/`;
    return [...this.#objects]
      .filter(([key, object]) => key.startsWith(prefix) && matches(object, namespace, params))
      .map(([, object]) => object);
  }
}

function keyOf(type: { group: string; plural: string }, namespace: string | undefined, name: string): string {
  return `${type.group}/${type.plural}/${namespace ?? ''}/${name}`;
}

function matches(object: Stored, namespace: string | undefined, params: ListParams): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  const [field, value] = (params.fieldSelector ?? '').split('=');
  if (field === 'metadata.name') return object.metadata.name === value;
  if (field === 'spec.nodeName') return object.spec?.nodeName === value;
  return true;
}
