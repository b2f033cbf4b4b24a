import type { ResourceType } from '@kubelab/api/resource';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import type { KubeClient } from '@kubelab/client/client';
import type { Informer } from '@kubelab/client/informer';
import { createInformer } from '@kubelab/client/reflector';
import type { Clock, Timer } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';

interface Entry<T extends KubeObject> {
  informer: Informer<T>;
  stop: AbortController;
  users: Set<string>;
  /** Runs while nobody uses the object. */
  linger: Timer | undefined;
}

export interface ObjectCacheOptions<T extends KubeObject> {
  client: KubeClient;
  type: ResourceType<T>;
  clock: Clock;
  logger: Logger;
  /** An object that these pods use has changed, appeared or gone. */
  onChange(podUids: string[]): void;
}

/** An object stays watched this long after its last pod, for the next one. */
const lingerMs = 60_000;
const firstAnswerMs = 20_000;

/** The config maps or secrets that the node's pods use, each watched on its own: a node may not list them all. */
export class ObjectCache<T extends KubeObject> {
  readonly #options: ObjectCacheOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(options: ObjectCacheOptions<T>) {
    this.#options = options;
  }

  /** The object, or undefined when there is none. From now on `podUid` is told about changes. Rejects when the API does not answer. */
  async get(podUid: string, namespace: string, name: string, signal: AbortSignal): Promise<T | undefined> {
    const key = `${namespace}/${name}`;
    const entry = this.#entries.get(key) ?? this.#watch(namespace, name);
    entry.users.add(podUid);
    entry.linger?.clear();
    entry.linger = undefined;
    if (!entry.informer.hasSynced()) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(firstAnswerMs)]);
      try {
        await entry.informer.waitForSync(limit);
      } catch (error) {
        signal.throwIfAborted();
        const what = this.#options.type.plural.replace(/s$/, '');
        throw new Error(`failed to sync ${what} cache: timed out waiting for the condition`, { cause: error });
      }
    }
    return entry.informer.get(key);
  }

  release(podUid: string): void {
    for (const [key, entry] of this.#entries) {
      if (!entry.users.delete(podUid) || entry.users.size > 0) continue;
      entry.linger = this.#options.clock.setTimeout(() => {
        entry.stop.abort();
        this.#entries.delete(key);
      }, lingerMs);
    }
  }

  close(): void {
    for (const entry of this.#entries.values()) {
      entry.linger?.clear();
      entry.stop.abort();
    }
    this.#entries.clear();
  }

  #watch(namespace: string, name: string): Entry<T> {
    const { client, type, clock, logger } = this.#options;
    const informer = createInformer(client, type, { namespace, fieldSelector: `metadata.name=${name}`, clock, logger });
    const entry: Entry<T> = { informer, stop: new AbortController(), users: new Set(), linger: undefined };
    const changed = (): void => this.#options.onChange([...entry.users]);
    informer.addHandlers({ onAdd: changed, onUpdate: changed, onDelete: changed });
    informer.start(entry.stop.signal);
    this.#entries.set(`${namespace}/${name}`, entry);
    return entry;
  }
}
