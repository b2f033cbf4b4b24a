import type { ResourceType } from '@kubelab/api/resource';
import { formatGroupResource, type KubeObject } from '@kubelab/apimachinery/meta';
import type { KubeClient } from '@kubelab/client/client';
import type { Informer } from '@kubelab/client/informer';
import { createInformer } from '@kubelab/client/reflector';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';

/** One informer per kind, started together once all controllers have asked for theirs. */
export class SharedInformers {
  readonly #options: { client: KubeClient; clock: Clock; logger: Logger };
  readonly #informers = new Map<string, Informer<KubeObject>>();
  #signal: AbortSignal | undefined;

  constructor(options: { client: KubeClient; clock: Clock; logger: Logger }) {
    this.#options = options;
  }

  of<T extends KubeObject>(type: ResourceType<T>): Informer<T> {
    const key = formatGroupResource({ group: type.group, resource: type.plural });
    let informer = this.#informers.get(key);
    if (!informer) {
      const { client, clock, logger } = this.#options;
      informer = createInformer<KubeObject>(client, type, { clock, logger });
      this.#informers.set(key, informer);
      if (this.#signal) informer.start(this.#signal);
    }
    return informer as unknown as Informer<T>;
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    for (const informer of this.#informers.values()) informer.start(signal);
  }

  /** Names of the collections that have not been listed yet. */
  unsynced(): string[] {
    return [...this.#informers].filter(([, informer]) => !informer.hasSynced()).map(([name]) => name);
  }

  async waitForSync(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.waitForSync(signal)));
  }
}
