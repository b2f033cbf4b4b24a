/** Serves a watch: a stream of events until time is up, the client goes, or the store ends it. */

import { internalError, isGone, StatusError, serviceUnavailable } from '@kubelab/apimachinery/status-error';
import type { Clock, Timer } from '@kubelab/component/clock';
import type { ResourceStore, WatchEvent, Watcher, WatchOptions, WatchSink } from '../storage/store.js';
import type { WatchEncoder } from './watch-events.js';
import type { WatchTransport } from './watch-transport.js';

export interface WatchResponse {
  store: ResourceStore;
  options: WatchOptions;
  encoder: WatchEncoder;
  transport: WatchTransport;
  timeoutMs: number;
  /** Time that the client gets to read what it was sent, when the watch is over; then its connection is cut. */
  drainMs: number;
  clock: Clock;
  /** Aborts when the server stops. */
  stopping: AbortSignal;
}

/** Resolves when the stream has ended, whoever ended it; rejects with what kept it from starting. */
export async function serveWatch(watch: WatchResponse): Promise<void> {
  if (watch.stopping.aborted) throw serviceUnavailable('the server is shutting down');
  const session = new WatchSession(watch);
  await session.run();
}

class WatchSession implements WatchSink {
  #watcher: Watcher | undefined;
  #ended = false;
  #timer: Timer | undefined;
  #resolveEnd: () => void = () => undefined;
  readonly #finish = (): void => this.finish();

  constructor(private readonly watch: WatchResponse) {}

  async run(): Promise<void> {
    const { clock, stopping, store, options, timeoutMs, transport } = this.watch;
    const end = new Promise<void>((resolve) => {
      this.#resolveEnd = resolve;
    });
    this.#timer = clock.setTimeout(this.#finish, timeoutMs);
    stopping.addEventListener('abort', this.#finish, { once: true });
    transport.listen({ onClose: this.#finish, onDrain: () => this.#watcher?.resume() });
    // A client that has gone already will not go again.
    if (transport.gone) this.finish();
    try {
      this.started(await store.watch(options, this));
    } catch (error) {
      this.refused(error);
    }
    await end;
  }

  onEvents(events: readonly WatchEvent[]): void {
    const { transport, encoder } = this.watch;
    if (this.#ended || transport.gone) return;
    transport.open();
    if (!transport.send(events, encoder)) this.#watcher?.pause();
  }

  onEnd(error?: Error): void {
    if (error) this.writeError(error);
    this.finish();
  }

  private started(watcher: Watcher): void {
    this.#watcher = watcher;
    if (this.#ended) {
      watcher.close();
      return;
    }
    this.watch.transport.open();
    if (this.watch.transport.congested) watcher.pause();
  }

  private refused(error: unknown): void {
    if (!isGone(error)) {
      this.release();
      throw error;
    }
    // Clients expect an expired resourceVersion as the first event of a stream that was accepted.
    this.writeError(error as StatusError);
    this.finish();
  }

  private writeError(error: Error): void {
    const { transport, encoder } = this.watch;
    if (this.#ended || transport.gone) return;
    transport.open();
    const status = (error instanceof StatusError ? error : internalError(error)).toStatus();
    transport.sendRaw(encoder.encodeError(status), encoder);
  }

  private finish(): void {
    if (this.#ended) return;
    this.release();
    const { transport } = this.watch;
    // A stream that ends before its first event is an empty one, not a broken one.
    if (!transport.gone) {
      transport.open();
      const cut = this.watch.clock.setTimeout(() => transport.destroy(), this.watch.drainMs);
      transport.end(() => cut.clear());
    }
    this.#resolveEnd();
  }

  private release(): void {
    this.#ended = true;
    this.#timer?.clear();
    this.watch.stopping.removeEventListener('abort', this.#finish);
    this.#watcher?.close();
  }
}
