/** Carries out a plan: kills, makes the sandbox, starts containers. What it should be is decided in plan.ts. */
import type { Pod } from '@kubelab/api/types';
import type { PodSandboxConfigInput } from '@kubelab/proto/generated/runtime-v1';
import { currentSandbox, emptyPodState, type PodState } from '../runtime/pod-state.js';
import type { MountedVolumes } from '../volumes/volume-manager.js';
import type { Backoff } from './backoff.js';
import { ContainerStarter, StartError } from './container-starter.js';
import type { StartFailure } from './container-status.js';
import type { ContainerKill, PodPlan } from './plan.js';
import { findContainerSpec, gracePeriodOf } from './pod.js';
import type { PodServices } from './pod-services.js';
import { makeSandboxConfig, startSandbox } from './sandbox-starter.js';

export interface ApplyRequest {
  pod: Pod;
  state: PodState;
  plan: PodPlan;
  volumes: MountedVolumes;
  signal: AbortSignal;
  /** A container did not start (or, undefined, now has). */
  onFailure(container: string, failure: StartFailure | undefined): void;
}

export interface ApplyResult {
  /** Something was changed, so the pod has to be looked at again. */
  changed: boolean;
  /** Earliest retry that makes sense, milliseconds from now. */
  retryAfterMs: number | undefined;
}

const sandboxChanged = 'Pod sandbox changed, it will be killed and re-created.';

export class PodApplier {
  readonly #services: PodServices;
  readonly #starter: ContainerStarter;

  constructor(services: PodServices, backoff: Backoff) {
    this.#services = services;
    this.#starter = new ContainerStarter(services, backoff);
  }

  async apply(request: ApplyRequest): Promise<ApplyResult> {
    const { pod, plan, signal } = request;
    if (plan.createSandbox && request.state.sandboxes.length > 0)
      this.#services.events.event(pod, 'Normal', 'SandboxChanged', sandboxChanged);
    if (plan.killPod)
      await this.#services.killer.killPod({ pod, state: request.state, graceSeconds: gracePeriodOf(pod), signal });
    else await Promise.all(plan.kill.map((kill) => this.#kill(request, kill)));
    const starts = [...plan.ephemeral, ...plan.init, ...plan.app];
    const killed = plan.killPod || plan.kill.length > 0;
    if (!plan.createSandbox && (plan.killPod || starts.length === 0))
      return { changed: killed, retryAfterMs: undefined };
    const config = await makeSandboxConfig(this.#services, pod, plan.attempt);
    const sandboxId = plan.createSandbox ? await startSandbox(this.#services, pod, config, signal) : plan.sandboxId;
    if (sandboxId === undefined) throw new Error('plan has neither a sandbox nor creates one');
    const state =
      plan.createSandbox || killed
        ? ((await this.#services.cache.refresh(pod.metadata.uid)) ?? request.state)
        : request.state;
    const result = await this.#startAll(request, starts, { sandboxId, config, state });
    return { ...result, changed: result.changed || plan.createSandbox || killed };
  }

  async #kill(request: ApplyRequest, kill: ContainerKill): Promise<void> {
    const { pod, state, signal } = request;
    const container = state.containers.find((item) => item.id === kill.id);
    if (!container) return;
    const spec = findContainerSpec(pod, kill.name)?.container;
    const probe =
      kill.probe === 'Liveness' ? spec?.livenessProbe : kill.probe === 'Startup' ? spec?.startupProbe : undefined;
    const graceSeconds = probe?.terminationGracePeriodSeconds ?? gracePeriodOf(pod);
    await this.#services.killer.kill(container, { pod, state, graceSeconds, message: kill.message, signal });
  }

  /** One after the other, in the order of the plan: a container's postStart hook ends before the next one starts. */
  async #startAll(
    request: ApplyRequest,
    names: string[],
    sandbox: { sandboxId: string; config: PodSandboxConfigInput; state: PodState },
  ): Promise<ApplyResult> {
    const { pod, volumes, signal, plan } = request;
    const { cache, node } = this.#services;
    const podIPs = pod.spec.hostNetwork ? node.ips() : (currentSandbox(sandbox.state)?.ips ?? []);
    const result: ApplyResult = { changed: false, retryAfterMs: undefined };
    for (const name of names) {
      const found = findContainerSpec(pod, name);
      if (!found) continue;
      try {
        await this.#starter.start({
          ...found,
          pod,
          state: sandbox.state,
          sandboxId: sandbox.sandboxId,
          sandboxConfig: sandbox.config,
          podIPs,
          volumes,
          signal,
        });
        result.changed = true;
        request.onFailure(name, undefined);
        // Not waited for: the next container need not be held up by the status of this one. The last one's is read below.
        if (name !== names.at(-1)) this.#refresh(pod.metadata.uid);
      } catch (error) {
        if (!(error instanceof StartError)) throw error;
        request.onFailure(name, error.failure);
        result.retryAfterMs = Math.min(error.retryAfterMs, result.retryAfterMs ?? error.retryAfterMs);
        // An init container that does not start holds up everything after it.
        if (plan.init.includes(name)) break;
      }
    }
    if (result.changed) await cache.refresh(pod.metadata.uid);
    return result;
  }

  #refresh(uid: string): void {
    this.#services.cache.refresh(uid).catch((error: unknown) => {
      this.#services.logger.warn('Reading a pod from the runtime failed', { uid, error });
    });
  }
}

/** A pod of which the runtime has nothing. */
export function noState(pod: Pod): PodState {
  const { uid, name, namespace = '' } = pod.metadata;
  return emptyPodState({ uid, name, namespace });
}
