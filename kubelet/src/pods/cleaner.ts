import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@kubelab/api/types';
import { logDirectoryOf } from '../containers/paths.js';
import { isRunning, type PodState, type RuntimeContainer } from '../runtime/pod-state.js';
import { ignoreGone } from './container-killer.js';
import type { PodServices } from './pod-services.js';

/** How many dead containers are kept beside the newest one: `kubectl logs --previous` and lastState need one. */
const keptDead = 1;

/** Takes away what pods leave on the node. Everything may be repeated. */
export class PodCleaner {
  readonly #services: PodServices;

  constructor(services: PodServices) {
    this.#services = services;
  }

  /** Everything of a pod: containers, sandboxes, volumes, cgroup, logs. Nothing of it may be running. */
  async removeAll(pod: Pod): Promise<void> {
    const { cache, volumes, cgroups, settings } = this.#services;
    const { uid } = pod.metadata;
    const state = await cache.refresh(uid);
    if (state) await this.removeFromRuntime(state);
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
  async removeDead(pod: Pod, state: PodState): Promise<void> {
    const { runtime, cache } = this.#services;
    const containers = surplusContainers(state);
    const removed = new Set(containers.map(({ id }) => id));
    const sandboxes = state.sandboxes
      .slice(1)
      .filter(
        ({ id, ready }) => !ready && !state.containers.some((item) => item.sandboxId === id && !removed.has(item.id)),
      );
    if (containers.length + sandboxes.length === 0) return;
    await Promise.all(
      containers.map(async (container) => {
        await ignoreGone(runtime.removeContainer({ containerId: container.id }));
        await rm(this.#logPath(pod, container), { force: true });
      }),
    );
    await Promise.all(sandboxes.map(({ id }) => ignoreGone(runtime.removePodSandbox({ podSandboxId: id }))));
    await cache.refresh(pod.metadata.uid);
  }

  #logPath(pod: Pod, container: RuntimeContainer): string {
    return (
      container.logPath ||
      join(logDirectoryOf(this.#services.settings.paths, pod), container.name, `${container.restartCount}.log`)
    );
  }
}

/** Dead containers beyond the newest of each name and the one before it. */
export function surplusContainers(state: PodState): RuntimeContainer[] {
  const seen = new Map<string, number>();
  return state.containers.filter((container) => {
    const newer = seen.get(container.name) ?? 0;
    seen.set(container.name, newer + 1);
    return newer > keptDead && !isRunning(container);
  });
}
