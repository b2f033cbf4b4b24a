import { pods } from '@kubelab/api/resource-types';
import type { Node, Pod } from '@kubelab/api/types';
import { isAlreadyExists, isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { fullName, mirrorOf, mirrors } from './mirror.js';

export interface MirrorPodsOptions {
  client: KubeClient;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  node(): Node | undefined;
  /** A static pod's mirror as the API now has it. */
  onMirror(pod: Pod, mirror: Pod): void;
}

const retryMs = 1_000;

/** Keeps one mirror per static pod in the API. Whoever deletes a mirror gets it again. */
export class MirrorPods {
  readonly #options: MirrorPodsOptions;
  readonly #static = new Map<string, Pod>();
  readonly #mirrors = new Map<string, Pod>();
  readonly #busy = new Set<string>();
  readonly #again = new Set<string>();
  #synced = false;

  constructor(options: MirrorPodsOptions) {
    this.#options = options;
  }

  /** The API's list and the static pods are complete: mirrors of neither are wrong from here on. */
  start(): void {
    this.#synced = true;
    for (const name of [...this.#static.keys(), ...this.#mirrors.keys()]) this.#look(name);
  }

  setStatic(list: readonly Pod[]): void {
    const names = new Set([...this.#static.keys(), ...list.map(fullName)]);
    this.#static.clear();
    for (const pod of list) this.#static.set(fullName(pod), pod);
    for (const name of names) this.#look(name);
  }

  /** The API has a mirror, or, with `gone`, no longer. */
  observe(mirror: Pod, options: { gone: boolean }): void {
    const name = fullName(mirror);
    if (!options.gone) this.#mirrors.set(name, mirror);
    else if (this.#mirrors.get(name)?.metadata.uid === mirror.metadata.uid) this.#mirrors.delete(name);
    this.#look(name);
  }

  #look(name: string): void {
    if (!this.#synced) return;
    if (this.#busy.has(name)) {
      this.#again.add(name);
      return;
    }
    this.#busy.add(name);
    void this.#run(name);
  }

  async #run(name: string): Promise<void> {
    const { clock, logger, signal } = this.#options;
    do {
      this.#again.delete(name);
      try {
        await this.#sync(name);
      } catch (error) {
        if (signal.aborted) break;
        logger.warn('Mirror pod could not be brought up to date', { pod: name, error });
        this.#again.add(name);
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    } while (this.#again.has(name) && !signal.aborted);
    this.#busy.delete(name);
  }

  async #sync(name: string): Promise<void> {
    const pod = this.#static.get(name);
    const mirror = this.#mirrors.get(name);
    if (mirror && (!pod || mirror.metadata.deletionTimestamp !== undefined || !mirrors(mirror, pod))) {
      await this.#delete(mirror);
      this.#mirrors.delete(name);
    }
    if (!pod) return;
    const current = this.#mirrors.get(name);
    if (current) this.#options.onMirror(pod, current);
    else await this.#create(pod);
  }

  async #delete(mirror: Pod): Promise<void> {
    const { name, namespace, uid } = mirror.metadata;
    try {
      await this.#options.client.delete(pods, name, namespace, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async #create(pod: Pod): Promise<void> {
    const { client, node, onMirror } = this.#options;
    try {
      const created = await client.create(pods, mirrorOf(pod, node()));
      this.#mirrors.set(fullName(pod), created);
      onMirror(pod, created);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const { name, namespace } = pod.metadata;
      this.#mirrors.set(fullName(pod), await client.get(pods, name, namespace));
      this.#again.add(fullName(pod));
    }
  }
}
