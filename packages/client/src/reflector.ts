import type { ResourceType } from '@kubelab/api/resource';
import { type KubeObject, objectKey, toApiVersion } from '@kubelab/apimachinery/meta';
import { isGone, StatusError } from '@kubelab/apimachinery/status-error';
import { type Clock, systemClock } from '@kubelab/component/clock';
import { type Logger, silentLogger } from '@kubelab/component/logger';
import type { KubeClient, ListParams, WatchMessage } from './client.js';
import type { Informer, InformerHandlers, InformerOptions } from './informer.js';
import { IndexedStore } from './store.js';

export interface ReflectorOptions extends InformerOptions {
  clock?: Clock;
  logger?: Logger;
}

const pageSize = 500;
const firstDelayMs = 200;
const longestDelayMs = 10_000;

/** An informer: lists once, then watches; lists again only when the server has forgotten where the watch stood. */
export function createInformer<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  options: ReflectorOptions = {},
): Informer<T> {
  return new Reflector(client, type, options);
}

class Reflector<T extends KubeObject> implements Informer<T> {
  readonly #client: KubeClient;
  readonly #type: ResourceType<T>;
  readonly #options: ReflectorOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #store = new IndexedStore<T>();
  readonly #handlers: InformerHandlers<T>[] = [];
  #synced = false;
  #waiting: (() => void)[] = [];
  #revision = '';

  constructor(client: KubeClient, type: ResourceType<T>, options: ReflectorOptions) {
    this.#client = client;
    this.#type = type;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = (options.logger ?? silentLogger).child({ resource: type.plural });
  }

  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(namespace?: string): T[] {
    return this.#store.list(namespace);
  }

  byIndex(index: string, value: string): T[] {
    return this.#store.byIndex(index, value);
  }

  addIndex(name: string, values: (object: T) => string[]): void {
    this.#store.addIndex(name, values);
  }

  addHandlers(handlers: InformerHandlers<T>): void {
    this.#handlers.push(handlers);
    for (const object of this.#store.list()) handlers.onAdd?.(object);
  }

  hasSynced(): boolean {
    return this.#synced;
  }

  waitForSync(signal?: AbortSignal): Promise<void> {
    if (this.#synced) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  start(signal: AbortSignal): void {
    this.#run(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#logger.error('Informer ended', { error });
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    let delayMs = firstDelayMs;
    while (!signal.aborted) {
      const startedAt = this.#clock.now();
      try {
        if (this.#revision === '') await this.#relist();
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isGone(error) || (error instanceof StatusError && error.code === 400)) this.#revision = '';
        else this.#logger.debug('List or watch failed, trying again', { error });
      }
      // A watch that lived for a while starts the back-off anew.
      if (this.#clock.now() - startedAt > longestDelayMs) delayMs = firstDelayMs;
      await this.#clock.sleep(delayMs * (0.75 + Math.random() / 2), signal).catch(() => undefined);
      delayMs = Math.min(delayMs * 2, longestDelayMs);
    }
  }

  async #relist(): Promise<void> {
    const { namespace } = this.#options;
    const selectors = this.#selectors();
    const found = new Map<string, T>();
    let next: string | undefined;
    let revision = '';
    do {
      const page = await this.#client.list(this.#type, namespace, {
        ...selectors,
        limit: pageSize,
        ...(next ? { continue: next } : {}),
      });
      for (const object of page.items) found.set(objectKey(object), this.#typed(object));
      revision = page.metadata.resourceVersion;
      next = page.metadata.continue;
    } while (next);
    this.#replace(found);
    this.#revision = revision;
    this.#markSynced();
  }

  #selectors(): Pick<ListParams, 'labelSelector' | 'fieldSelector' | 'metadataOnly'> {
    const { labelSelector, fieldSelector, metadataOnly } = this.#options;
    return {
      ...(labelSelector ? { labelSelector } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
      ...(metadataOnly ? { metadataOnly } : {}),
    };
  }

  #replace(found: Map<string, T>): void {
    for (const object of this.#store.list()) {
      if (!found.has(objectKey(object))) this.#remove(object);
    }
    for (const object of found.values()) this.#put(object);
  }

  #markSynced(): void {
    this.#synced = true;
    for (const wake of this.#waiting) wake();
    this.#waiting = [];
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { namespace } = this.#options;
    const messages = this.#client.watch(
      this.#type,
      namespace,
      {
        resourceVersion: this.#revision,
        allowWatchBookmarks: true,
        // Spread, so that a restarted server is not asked by everybody at once (upstream: 5 to 10 minutes).
        timeoutSeconds: Math.floor(300 + Math.random() * 300),
        ...this.#selectors(),
      },
      signal,
    );
    for await (const message of messages) {
      this.#apply(message);
      this.#revision = message.object.metadata.resourceVersion;
    }
  }

  #apply(message: WatchMessage<T>): void {
    if (message.type === 'DELETED') this.#remove(this.#typed(message.object));
    else if (message.type !== 'BOOKMARK') this.#put(this.#typed(message.object));
  }

  #put(object: T): void {
    const old = this.#store.set(object);
    if (old === undefined) this.#notify((handlers) => handlers.onAdd?.(object));
    else if (old.metadata.resourceVersion !== object.metadata.resourceVersion) {
      this.#notify((handlers) => handlers.onUpdate?.(old, object));
    }
  }

  #remove(object: T): void {
    if (this.#store.delete(objectKey(object))) this.#notify((handlers) => handlers.onDelete?.(object));
  }

  #notify(call: (handlers: InformerHandlers<T>) => void): void {
    for (const handlers of this.#handlers) {
      try {
        call(handlers);
      } catch (error) {
        this.#logger.error('Informer handler failed', { error });
      }
    }
  }

  /** List items come without kind and apiVersion, partial ones with those of the envelope; owners, events and patches need the real ones. */
  #typed(object: T): T {
    if (object.kind !== this.#type.kind)
      Object.assign(object, { kind: this.#type.kind, apiVersion: toApiVersion(this.#type.group, this.#type.version) });
    return object;
  }
}
