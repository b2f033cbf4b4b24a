/** Forgets etcd's old revisions regularly; with several apiservers one of them does it per interval, as upstream. */

import type { Clock } from '@kubelab/component/clock';
import type { EtcdClient } from './etcd-client.js';

export interface CompactorOptions {
  client: Pick<EtcdClient, 'putAtVersion' | 'compact'>;
  clock: Clock;
  /** Milliseconds; what is older than one to two intervals is compacted. Upstream's default is five minutes. */
  intervalMs: number;
  onFailure(error: unknown): void;
}

/** Its version counts the compactions, its value is the revision that was compacted last. */
const coordinationKey = 'compact_rev_key';

export class Compactor {
  readonly #options: CompactorOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #version = 0;
  #revision = 0;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the compactor was stopped'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#options.clock.sleep(this.#options.intervalMs, signal);
        await this.runOnce();
      } catch (error) {
        if (!signal.aborted) this.#options.onFailure(error);
      }
    }
  }

  /** Compacts to the revision of the last turn, unless another apiserver was here since. */
  async runOnce(): Promise<void> {
    const compactTo = this.#revision;
    const { succeeded, version, revision } = await this.#options.client.putAtVersion({
      key: coordinationKey,
      value: String(compactTo),
      expectedVersion: this.#version,
    });
    this.#version = version;
    this.#revision = revision;
    if (succeeded && compactTo > 0) await this.#options.client.compact(compactTo);
  }
}
