import type { LifecycleHandler, Pod } from '@kubelab/api/types';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { isCriError } from '@kubelab/proto/cri-error';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { goError } from '../images/image-manager.js';
import { aggregateMessage } from '../runtime/aggregate.js';
import { preStopAnnotation } from '../runtime/labels.js';
import {
  currentSandbox,
  isRunning,
  type PodState,
  type RuntimeContainer,
  type RuntimeSandbox,
} from '../runtime/pod-state.js';
import type { HookRunner } from './lifecycle-hooks.js';
import { containerFieldPath, findContainerSpec, sidecars } from './pod.js';

export interface ContainerKillerOptions {
  runtime: Pick<RuntimeServiceClient, 'stopContainer' | 'stopPodSandbox'>;
  hooks: HookRunner;
  events: EventRecorder;
  clock: Clock;
  logger: Logger;
}

export interface KillRequest {
  /** Undefined for a pod that the API no longer has. */
  pod: Pod | undefined;
  state: PodState;
  /** Seconds between the start of the preStop hook and KILL. */
  graceSeconds: number;
  /** For the event; default `Stopping container NAME`. */
  message?: string;
  /** Aborting stops the waiting, not what the runtime already does. */
  signal?: AbortSignal | undefined;
}

/** What is left for the process itself when a preStop hook took all the time. */
const minimumGraceSeconds = 2;
/** How much longer than the grace period a runtime may take to answer. */
const runtimeSlackMs = 120_000;

/** Something of a pod could not be stopped; the message is upstream's, of every container and sandbox that it was. Worth another try. */
export class KillPodError extends Error {
  override readonly name = 'KillPodError';

  constructor(failures: readonly string[]) {
    super(aggregateMessage(failures));
  }
}

/** Stops containers as upstream does: event, preStop hook, TERM, and KILL when the grace period is over. */
export class ContainerKiller {
  readonly #options: ContainerKillerOptions;

  constructor(options: ContainerKillerOptions) {
    this.#options = options;
  }

  /**
   * Stops all running containers of a pod, sidecars after the others and in reverse order, then its sandboxes, also when a container could not be
   * stopped: that takes along what is left. Throws KillPodError with all that failed, and the signal's reason when it was aborted.
   */
  async killPod(request: KillRequest): Promise<void> {
    const { clock, runtime } = this.#options;
    const startedAt = clock.now();
    const remaining = (): number => Math.max(0, request.graceSeconds - (clock.now() - startedAt) / 1000);
    const running = request.state.containers.filter(
      (container) => isRunning(container) || container.state === 'CONTAINER_UNKNOWN',
    );
    const sidecarNames = request.pod ? sidecars(request.pod).map((container) => container.name) : [];
    const failures: string[] = [];
    const attempt = async (action: 'KillContainer' | 'KillPodSandbox', target: string, work: Promise<void>) => {
      try {
        await work;
      } catch (error) {
        request.signal?.throwIfAborted();
        failures.push(`failed to "${action}" for "${target}" with ${action}Error: "${goError(error)}"`);
      }
    };
    const killContainer = (container: RuntimeContainer, graceSeconds: number): Promise<void> =>
      attempt('KillContainer', container.name, this.kill(container, { ...request, graceSeconds }));
    const first = running.filter((container) => !sidecarNames.includes(container.name));
    await Promise.all(first.map((container) => killContainer(container, request.graceSeconds)));
    for (const name of sidecarNames.reverse()) {
      const container = running.find((item) => item.name === name);
      if (container) await killContainer(container, remaining());
    }
    const options = { timeoutMs: runtimeSlackMs, signal: request.signal };
    const stopSandbox = ({ id }: RuntimeSandbox): Promise<void> =>
      attempt('KillPodSandbox', id, ignoreGone(runtime.stopPodSandbox({ podSandboxId: id }, options)));
    await Promise.all(request.state.sandboxes.filter((sandbox) => sandbox.ready).map(stopSandbox));
    if (failures.length > 0) throw new KillPodError(failures);
  }

  async kill(container: RuntimeContainer, request: KillRequest): Promise<void> {
    const { clock, runtime, logger } = this.#options;
    this.#tell(request, container, 'Normal', 'Killing', request.message ?? `Stopping container ${container.name}`);
    const startedAt = clock.now();
    if (request.graceSeconds > 0) await this.#preStop(container, request);
    const spent = (clock.now() - startedAt) / 1000;
    const left =
      request.graceSeconds === 0 ? 0 : Math.max(minimumGraceSeconds, Math.ceil(request.graceSeconds - spent));
    logger.debug('Stopping container', { container: container.name, id: container.id, graceSeconds: left });
    const options = { timeoutMs: left * 1000 + runtimeSlackMs, signal: request.signal };
    await ignoreGone(runtime.stopContainer({ containerId: container.id, timeout: left }, options));
  }

  async #preStop(container: RuntimeContainer, request: KillRequest): Promise<void> {
    const { hooks, clock, logger } = this.#options;
    const { pod, state } = request;
    const spec = pod ? findContainerSpec(pod, container.name)?.container : undefined;
    const handler = spec?.lifecycle?.preStop ?? savedHandler(container);
    if (!handler || !pod || !spec) return;
    const deadline = new AbortController();
    const timer = clock.setTimeout(
      () => deadline.abort(new Error('grace period is over')),
      request.graceSeconds * 1000,
    );
    const signal = request.signal ? AbortSignal.any([request.signal, deadline.signal]) : deadline.signal;
    const podIP = currentSandbox(state)?.ips[0] ?? pod.status?.podIP ?? '';
    try {
      await Promise.race([
        hooks.run(handler, { pod, container: spec, containerId: container.id, podIP }, signal),
        aborted(signal),
      ]);
    } catch (error) {
      request.signal?.throwIfAborted();
      if (deadline.signal.aborted) return;
      logger.info('PreStop hook failed', { container: container.name, error });
      this.#tell(request, container, 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
    } finally {
      timer.clear();
    }
  }

  #tell(
    request: KillRequest,
    container: RuntimeContainer,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    if (!request.pod) return;
    this.#options.events.event(request.pod, type, reason, message, {
      fieldPath: containerFieldPath(request.pod, container.name),
    });
  }
}

/** The hook as it was when the container was made, for containers that outlived their pod's definition. */
function savedHandler(container: RuntimeContainer): LifecycleHandler | undefined {
  const text = container.annotations[preStopAnnotation];
  return text ? (JSON.parse(text) as LifecycleHandler) : undefined;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

export async function ignoreGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isCriError(error, 'NOT_FOUND')) throw error;
  }
}
