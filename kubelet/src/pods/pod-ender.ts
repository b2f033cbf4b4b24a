import { pods } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import { isAlive, type PodState } from '../runtime/pod-state.js';
import { noState } from './apply.js';
import type { PodCleaner } from './cleaner.js';
import type { PodServices } from './pod-services.js';

export interface KillOptions {
  graceSeconds: number;
  signal: AbortSignal;
  /** Something runs and is about to be stopped. */
  onKill(state: PodState): void;
}

/** The end of a pod: first what runs, then what is left on the node, then the object. Everything may be repeated. */
export class PodEnder {
  constructor(
    private readonly services: PodServices,
    private readonly cleaner: PodCleaner,
  ) {}

  /** Gives what is left of the pod, of which nothing runs. */
  async kill(pod: Pod, { graceSeconds, signal, onKill }: KillOptions): Promise<PodState> {
    const { cache, killer } = this.services;
    const { uid } = pod.metadata;
    const state = (await cache.refresh(uid)) ?? noState(pod);
    if (!isAlive(state)) return state;
    onKill(state);
    await cache.holding(uid, () => killer.killPod({ pod, state, graceSeconds, signal }));
    const left = (await cache.refresh(uid)) ?? noState(pod);
    if (isAlive(left)) throw new Error('containers of the pod still run after they were stopped');
    return left;
  }

  /** The order is what makes a crash harmless: the API object goes last, and only when nothing is left here. */
  async finish(pod: Pod, { left, isRemoved }: { left: PodState | undefined; isRemoved: boolean }): Promise<void> {
    const { statuses, images, allocations } = this.services;
    const { uid } = pod.metadata;
    await Promise.all([isRemoved ? undefined : statuses.flush(uid), this.cleaner.removeAll(pod, left)]);
    await allocations.forget(uid);
    if (!isRemoved) await this.deleteObject(pod);
    images.forgetPod(uid);
  }

  private async deleteObject({ metadata }: Pod): Promise<void> {
    const { name, namespace, uid } = metadata;
    try {
      await this.services.client.delete(pods, name, namespace, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
