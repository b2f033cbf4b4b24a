import type { Pod, PodStatus } from '@kubelab/api/types';
import type { PodState } from '../runtime/pod-state.js';
import type { StartFailure } from './container-status.js';
import type { PodResizer } from './pod-resizer.js';
import type { PodServices } from './pod-services.js';
import { computePodStatus, type PodVerdict } from './status.js';

/** How far a pod is on its way to its end. */
export interface PodProgress {
  /** Nothing will be started any more. */
  isEnding: boolean;
  /** Nothing runs any more. */
  hasEnded: boolean;
  verdict: PodVerdict | undefined;
  /** The API still has the pod, and wants to hear of it. */
  isWanted: boolean;
}

/** Tells what is known of one pod: its status to the API, its start to the metrics. */
export class PodReporter {
  readonly #services: PodServices;
  readonly #resizer: PodResizer;
  readonly #failures = new Map<string, StartFailure>();
  readonly #firstSeen: number;
  #startReported = false;

  constructor(services: PodServices, resizer: PodResizer) {
    this.#services = services;
    this.#resizer = resizer;
    this.#firstSeen = services.clock.now();
  }

  /** A container did not start (or, undefined, now has). True when that is news. */
  noteFailure(container: string, failure: StartFailure | undefined): boolean {
    if (failure === undefined) return this.#failures.delete(container);
    this.#failures.set(container, failure);
    return true;
  }

  /** Computes the status from what is known now and hands it on. Never waits. */
  publish(pod: Pod, state: PodState, { isEnding, hasEnded, verdict, isWanted }: PodProgress): PodStatus {
    const { statuses, prober, settings, node, clock } = this.#services;
    if (!hasEnded) prober.sync(pod, state, { terminating: isEnding, hostIP: node.ips()[0] ?? '' });
    const status = computePodStatus({
      pod,
      old: statuses.get(pod.metadata.uid) ?? pod.status ?? {},
      state,
      probes: prober,
      failures: this.#failures,
      runtimeName: settings.runtimeName,
      hostIPs: node.ips(),
      now: clock.now(),
      terminal: hasEnded,
      verdict,
      resize: this.#resizer,
    });
    if (isWanted) statuses.set(pod, status);
    this.#reportStart(status);
    return status;
  }

  #reportStart({ phase }: PodStatus): void {
    if (this.#startReported || phase === 'Pending') return;
    this.#startReported = true;
    const { metrics, clock } = this.#services;
    if (phase === 'Running') metrics.podStarted((clock.now() - this.#firstSeen) / 1000);
  }
}
