import type { Pod } from '@kubelab/api/types';
import type { EventRecorder, EventTarget } from '@kubelab/client/event-recorder';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { PodVerdict } from '../pods/status.js';
import { planShutdown, type ShutdownPolicy, shutdownMessage, shutdownReason, shutdownRejection } from './plan.js';

export interface NodeShutdownOptions {
  policy: ShutdownPolicy;
  pods(): Pod[];
  /** Ends a pod. */
  end(uid: string, verdict: PodVerdict): void;
  isFinished(uid: string): boolean;
  /** Resolves when the API has the pod's last status. */
  flush(uid: string): Promise<void>;
  events: EventRecorder;
  target: EventTarget;
  clock: Clock;
  logger: Logger;
}

const pollMs = 100;
/** For the last statuses. */
const flushMs = 5_000;

/** Ends a node's pods in order while the node itself goes down. */
export class NodeShutdown {
  readonly #options: NodeShutdownOptions;
  #begun = false;

  constructor(options: NodeShutdownOptions) {
    this.#options = options;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Why a pod is not taken in any more. */
  rejection(): PodVerdict | undefined {
    return this.#begun ? shutdownRejection : undefined;
  }

  /** Resolves when all pods have ended or their time is over. */
  async run(): Promise<void> {
    const { pods, policy, isFinished, events, target, logger, clock, flush } = this.#options;
    this.#begun = true;
    const message = 'Shutdown manager detected shutdown event';
    events.event(target, 'Normal', 'NodeShutdown', message);
    logger.info(message);
    const running = pods().filter(({ metadata }) => !isFinished(metadata.uid));
    for (const group of planShutdown(running, policy)) await this.#end(group);
    const written = new AbortController();
    const deadline = clock.sleep(flushMs, written.signal).catch(() => undefined);
    await Promise.race([Promise.all(running.map(({ metadata }) => flush(metadata.uid))), deadline]);
    written.abort();
  }

  async #end({ pods, periodMs }: ReturnType<typeof planShutdown>[number]): Promise<void> {
    const { clock, end, isFinished, logger } = this.#options;
    const until = clock.now() + periodMs;
    for (const { pod, graceSeconds } of pods) {
      end(pod.metadata.uid, { reason: shutdownReason, message: shutdownMessage, disruption: true, graceSeconds });
    }
    const left = (): Pod[] => pods.map(({ pod }) => pod).filter(({ metadata }) => !isFinished(metadata.uid));
    while (left().length > 0) {
      if (clock.now() >= until) {
        logger.warn('Shutdown manager pod killing time out', { pods: left().map(({ metadata }) => metadata.name) });
        return;
      }
      await clock.sleep(pollMs);
    }
  }
}
