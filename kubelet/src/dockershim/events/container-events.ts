/** GetContainerEvents: every change with the state of the whole pod, to everybody who listens. */
import type { Logger } from '@kubelab/component/logger';
import { CriError } from '@kubelab/proto/cri-error';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type { EngineChange } from './engine-events.js';

export interface ContainerEventsOptions {
  logger: Logger;
  /** The pod's state now; what is gone already is left out. */
  describePod(
    sandboxId: string,
  ): Promise<Pick<cri.ContainerEventResponseInput, 'podSandboxStatus' | 'containersStatuses'>>;
}

/** A listener that falls this far behind is cut off; it lists and listens again. */
const queueLimit = 1000;

export class ContainerEvents {
  private readonly listeners = new Set<Listener>();
  /** Per pod, so that a slow pod keeps only its own events waiting. */
  private readonly pods = new Map<string, Promise<void>>();

  constructor(private readonly options: ContainerEventsOptions) {}

  publish(change: EngineChange): void {
    if (this.listeners.size === 0) return;
    const previous = this.pods.get(change.sandboxId) ?? Promise.resolve();
    const next = previous.then(() => this.deliver(change));
    this.pods.set(change.sandboxId, next);
    void next.finally(() => {
      if (this.pods.get(change.sandboxId) === next) this.pods.delete(change.sandboxId);
    });
  }

  private async deliver(change: EngineChange): Promise<void> {
    const event: cri.ContainerEventResponseInput = {
      containerId: change.id,
      containerEventType: change.type,
      createdAt: change.time,
    };
    try {
      Object.assign(event, await this.options.describePod(change.sandboxId));
    } catch (error) {
      this.options.logger.debug('An event goes out without the state of its pod', { id: change.id, error });
    }
    for (const listener of this.listeners) listener.push(event);
  }

  /** Events from now on, until the signal aborts. */
  async *listen(signal: AbortSignal): AsyncGenerator<cri.ContainerEventResponseInput> {
    const listener = new Listener();
    this.listeners.add(listener);
    const onAbort = (): void => listener.close();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      yield* listener.events();
    } finally {
      this.listeners.delete(listener);
      signal.removeEventListener('abort', onAbort);
    }
  }
}

class Listener {
  private queue: cri.ContainerEventResponseInput[] = [];
  private wake: () => void = () => undefined;
  private closed = false;
  private overflown = false;

  push(event: cri.ContainerEventResponseInput): void {
    if (this.queue.length < queueLimit) this.queue.push(event);
    else this.overflown = true;
    this.wake();
  }

  close(): void {
    this.closed = true;
    this.wake();
  }

  async *events(): AsyncGenerator<cri.ContainerEventResponseInput> {
    while (!this.closed) {
      const batch = this.queue;
      this.queue = [];
      yield* batch;
      if (this.overflown) throw new CriError('RESOURCE_EXHAUSTED', 'the listener is too slow for the events');
      if (this.queue.length === 0 && !this.closed) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }
}
