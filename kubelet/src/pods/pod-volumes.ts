import type { Pod } from '@kubelab/api/types';
import type { DownwardContext } from '../containers/downward.js';
import { currentSandbox, type PodState } from '../runtime/pod-state.js';
import { VolumeError } from '../volumes/volume-error.js';
import type { MountedVolumes } from '../volumes/volume-manager.js';
import type { PodServices } from './pod-services.js';

/** One pod's volumes: whether they must be looked at again, and what the pod is told when they cannot be had. */
export class PodVolumes {
  readonly #services: PodServices;
  #isDirty = true;
  #refreshAt: number | undefined;

  constructor(services: PodServices) {
    this.#services = services;
  }

  /** When they must be looked at although nothing changed, milliseconds since the epoch. */
  get refreshAt(): number | undefined {
    return this.#refreshAt;
  }

  /** What they come from has changed. */
  touch(): void {
    this.#isDirty = true;
  }

  isDue(): boolean {
    return this.#isDirty || (this.#refreshAt !== undefined && this.#services.clock.now() >= this.#refreshAt);
  }

  /** Throws what VolumeManager.mount() throws; the pod has then been told. */
  async mount(pod: Pod, state: PodState, signal: AbortSignal): Promise<MountedVolumes> {
    const { volumes, events } = this.#services;
    this.#isDirty = false;
    try {
      const mounted = await volumes.mount(pod, this.#downward(pod, state), signal);
      this.#refreshAt = mounted.refreshAt;
      return mounted;
    } catch (error) {
      this.#isDirty = true;
      if (signal.aborted) throw error;
      const problems = error instanceof VolumeError ? error.problems : [String(error)];
      for (const problem of problems) events.event(pod, 'Warning', 'FailedMount', problem);
      throw error;
    }
  }

  #downward(pod: Pod, state: PodState): DownwardContext {
    const { node } = this.#services;
    const podIPs = pod.spec.hostNetwork ? node.ips() : (currentSandbox(state)?.ips ?? []);
    return { podIPs, hostIPs: node.ips(), nodeName: node.name, allocatable: node.allocatable() };
  }
}
