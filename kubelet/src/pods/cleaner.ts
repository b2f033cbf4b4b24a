import { rm } from 'node:fs/promises';
import type { Pod } from '@kubelab/api/types';
import { logDirectoryOf } from '../containers/paths.js';
import type { PodState } from '../runtime/pod-state.js';
import { ignoreGone } from './container-killer.js';
import type { PodServices } from './pod-services.js';

/** Takes away what pods leave on the node. Everything may be repeated. */
export class PodCleaner {
  readonly #services: PodServices;

  constructor(services: PodServices) {
    this.#services = services;
  }

  /** Everything of a pod: containers, sandboxes, volumes, cgroup, logs. Nothing of it may be running. `seen`: what the runtime has of it, when that is known. */
  async removeAll(pod: Pod, seen?: PodState): Promise<void> {
    const { cache, volumes, cgroups, settings } = this.#services;
    const { uid } = pod.metadata;
    const state = seen ?? (await cache.refresh(uid));
    if (state) await cache.holding(uid, () => this.removeFromRuntime(state));
    this.#release(uid);
    await Promise.all([
      volumes.unmountPod(uid),
      cgroups.remove(uid),
      rm(logDirectoryOf(settings.paths, pod), { recursive: true, force: true }),
    ]);
    await cache.refresh(uid);
  }

  async removeFromRuntime(state: PodState): Promise<void> {
    const { runtime } = this.#services;
    await Promise.all(state.containers.map(({ id }) => ignoreGone(runtime.removeContainer({ containerId: id }))));
    await Promise.all(state.sandboxes.map(({ id }) => ignoreGone(runtime.removePodSandbox({ podSandboxId: id }))));
  }

  /** Of a pod that has ended but is still there to be looked at. */
  async removeVolumes(uid: string): Promise<void> {
    this.#release(uid);
    await this.#services.volumes.unmountVolumes(uid);
  }

  #release(uid: string): void {
    const { configMaps, secrets, tokens } = this.#services;
    configMaps.release(uid);
    secrets.release(uid);
    tokens.forget(uid);
  }

  /** Older runs of restarted containers with their logs, and sandboxes in which nothing is left. */
  async removeDead(state: PodState): Promise<void> {
    const { runtime, cache, deadContainers } = this.#services;
    const removed = await deadContainers.collectPod(state);
    const now = removed ? ((await cache.refresh(state.uid)) ?? state) : state;
    const sandboxes = now.sandboxes
      .slice(1)
      .filter(({ id, ready }) => !ready && !now.containers.some((item) => item.sandboxId === id));
    if (sandboxes.length === 0) return;
    await Promise.all(sandboxes.map(({ id }) => ignoreGone(runtime.removePodSandbox({ podSandboxId: id }))));
    await cache.refresh(state.uid);
  }
}
