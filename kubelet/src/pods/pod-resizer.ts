import type { Pod, PodCondition, ResourceRequirements } from '@kubelab/api/types';
import { linuxResources } from '../containers/linux-resources.js';
import { findContainer, type PodState, type RuntimeContainer } from '../runtime/pod-state.js';
import { gracePeriodOf } from './pod.js';
import type { PodServices } from './pod-services.js';
import {
  type ContainerResize,
  currentResources,
  type PendingResize,
  pendingReason,
  planResize,
} from './resize-plan.js';

export type ResizeCondition = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Gives the running containers of one pod the resources that its spec now says, if the node has them. */
export class PodResizer {
  readonly #services: PodServices;
  /** Other pods with a place on the node. */
  readonly #others: () => Pod[];
  readonly #uid: string;
  #pending: PendingResize | undefined;
  #error: string | undefined;
  #inProgress = false;

  constructor(services: PodServices, uid: string, others: () => Pod[]) {
    this.#services = services;
    this.#uid = uid;
    this.#others = others;
  }

  /** What a container has now. */
  resourcesOf(container: RuntimeContainer): ResourceRequirements | undefined {
    return currentResources(container, this.#services.allocations.actuated(this.#uid));
  }

  /** For the pod's status. */
  conditions(): ResizeCondition[] {
    const conditions: ResizeCondition[] = [];
    if (this.#pending) conditions.push({ type: 'PodResizePending', status: 'True', ...this.#pending });
    if (this.#inProgress) {
      const error = this.#error === undefined ? {} : { reason: 'Error', message: this.#error };
      conditions.push({ type: 'PodResizeInProgress', status: 'True', ...error });
    }
    return conditions;
  }

  /** True when something was done, so that the pod has to be looked at again. */
  async sync(pod: Pod, state: PodState, signal: AbortSignal): Promise<boolean> {
    const { allocations, cgroups } = this.#services;
    let target = allocations.promised(pod, state);
    if (target === pod) this.#pending = undefined;
    else if (!this.#mustWait(pod)) {
      // The promise first: a kubelet that dies in the middle goes on with it.
      await allocations.allocate(pod);
      target = pod;
    }
    const plan = planResize(target, state, allocations.actuated(this.#uid));
    if (plan.length === 0) {
      this.#complete(pod);
      return false;
    }
    this.#begin(pod);
    try {
      await cgroups.update(target);
      for (const item of plan) await this.#resize(target, state, item, signal);
      this.#error = undefined;
      this.#complete(pod);
    } catch (error) {
      signal.throwIfAborted();
      this.#error = error instanceof Error ? error.message : String(error);
      this.#services.events.event(pod, 'Warning', 'ResizeError', `Pod resize error: ${this.#error}`);
      throw error;
    }
    return true;
  }

  #mustWait(pod: Pod): boolean {
    const { node, events } = this.#services;
    const before = this.#pending;
    this.#pending = pendingReason(pod, this.#others(), node.allocatable());
    if (this.#pending && this.#pending.message !== before?.message) {
      const { reason, message } = this.#pending;
      events.event(pod, 'Warning', `Resize${reason}`, `Pod resize ${reason}: ${summary(pod)}: ${message}`);
    }
    return this.#pending !== undefined;
  }

  #begin(pod: Pod): void {
    if (this.#inProgress) return;
    this.#inProgress = true;
    this.#services.events.event(pod, 'Normal', 'ResizeStarted', `Pod resize started: ${summary(pod)}`);
  }

  #complete(pod: Pod): void {
    if (!this.#inProgress) return;
    this.#inProgress = false;
    this.#services.events.event(pod, 'Normal', 'ResizeCompleted', `Pod resize completed: ${summary(pod)}`);
  }

  async #resize(
    pod: Pod,
    state: PodState,
    { id, container, restart }: ContainerResize,
    signal: AbortSignal,
  ): Promise<void> {
    const { runtime, killer, node, allocations } = this.#services;
    if (restart) {
      const running = findContainer(state, container.name);
      const message = `Container ${container.name} resize requires restart`;
      if (running) await killer.kill(running, { pod, state, graceSeconds: gracePeriodOf(pod), message, signal });
      return;
    }
    const linux = linuxResources(pod, container, node.memoryCapacity);
    await runtime.updateContainerResources({ containerId: id, linux }, { timeoutMs: 120_000, signal });
    await allocations.noteActuated(this.#uid, id, container.resources ?? {});
  }
}

/** Upstream's summary of what is asked for. */
function summary(pod: Pod): string {
  const containers = pod.spec.containers.map(({ name, resources = {} }) => ({ name, resources }));
  return JSON.stringify({ containers, ...(pod.metadata.generation ? { generation: pod.metadata.generation } : {}) });
}
