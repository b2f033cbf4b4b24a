import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { podLogDirectory } from '../containers/paths.js';
import { isAlive, type PodState } from '../runtime/pod-state.js';
import { PodCleaner } from './cleaner.js';
import type { PodServices } from './pod-services.js';

export interface OrphanCollectorOptions {
  services: PodServices;
  /** True for pods that somebody looks after, and for all while the API's list is not complete. */
  isKnown(uid: string): boolean;
  signal: AbortSignal;
}

/** Upstream's grace period for a pod of which only the runtime knows (seconds). */
const orphanGraceSeconds = 1;
const roundMs = 60_000;

/** Ends and removes what pods left behind that the API no longer has: after a node came back, or after a pod was deleted by force. */
export class OrphanCollector {
  readonly #options: OrphanCollectorOptions;
  readonly #cleaner: PodCleaner;
  #round: Promise<void> | undefined;
  #again = false;

  constructor(options: OrphanCollectorOptions) {
    this.#options = options;
    this.#cleaner = new PodCleaner(options.services);
  }

  /** Begins after `ready`, and then looks every minute. */
  start(ready: Promise<void>): void {
    const { signal, services } = this.#options;
    const loop = async (): Promise<void> => {
      await ready;
      while (!signal.aborted) {
        this.look();
        await services.clock.sleep(roundMs, signal);
      }
    };
    loop().catch((error: unknown) => {
      if (!signal.aborted) services.logger.error('Orphan collection ended', { error });
    });
  }

  /** Looks now; while a look is going on, once more after it. */
  look(): void {
    if (this.#round) {
      this.#again = true;
      return;
    }
    this.#round = this.#collect()
      .catch((error: unknown) => this.#options.services.logger.warn('Orphaned pods could not be removed', { error }))
      .finally(() => {
        this.#round = undefined;
        if (this.#again && !this.#options.signal.aborted) {
          this.#again = false;
          this.look();
        }
      });
  }

  async #collect(): Promise<void> {
    const { services, isKnown } = this.#options;
    const orphans = services.cache.list().filter((state) => !isKnown(state.uid));
    await Promise.all(orphans.map((state) => this.#remove(state)));
    const onDisk = (await services.volumes.podsOnDisk()).filter((uid) => !isKnown(uid) && !services.cache.get(uid));
    for (const uid of onDisk) {
      await services.volumes.unmountPod(uid);
      await services.cgroups.remove(uid);
    }
    await this.#removeLogs();
  }

  async #remove(found: PodState): Promise<void> {
    const { cache, killer, volumes, cgroups, settings, logger } = this.#options.services;
    const { uid, name, namespace } = found;
    logger.info('Removing a pod that the API no longer has', { pod: `${namespace}/${name}`, uid });
    const state = (await cache.refresh(uid)) ?? found;
    if (isAlive(state)) await killer.killPod({ pod: undefined, state, graceSeconds: orphanGraceSeconds });
    await this.#cleaner.removeFromRuntime((await cache.refresh(uid)) ?? { ...state, containers: [], sandboxes: [] });
    await volumes.unmountPod(uid);
    await cgroups.remove(uid);
    await rm(podLogDirectory(settings.paths, { uid, name, namespace }), { recursive: true, force: true });
    await cache.refresh(uid);
  }

  /** Log folders are named NAMESPACE_NAME_UID. */
  async #removeLogs(): Promise<void> {
    const { services, isKnown } = this.#options;
    const root = services.settings.paths.podLogs;
    for (const name of await readdir(root).catch(ignoreMissing)) {
      const uid = name.slice(name.lastIndexOf('_') + 1);
      if (name.split('_').length < 3 || isKnown(uid) || services.cache.get(uid)) continue;
      await rm(join(root, name), { recursive: true, force: true });
    }
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
