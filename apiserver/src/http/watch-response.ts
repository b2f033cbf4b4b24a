/** Serves a watch: a stream of events until time is up, the client goes, or the store ends it. */

import { internalError, isGone, StatusError, serviceUnavailable } from '@kubelab/apimachinery/status-error';
import type { Clock, Timer } from '@kubelab/component/clock';
import type { ResourceStore, WatchEvent, Watcher, WatchOptions, WatchSink } from '../storage/store.js';
import type { Exchange } from './exchange.js';
import { errorLine, type WatchEncoder } from './watch-events.js';

export interface WatchResponse {
  store: ResourceStore;
  options: WatchOptions;
  encoder: WatchEncoder;
  timeoutMs: number;
  clock: Clock;
  /** Aborts when the server stops. */
  stopping: AbortSignal;
}

/** Resolves when the stream has ended, whoever ended it; rejects with what kept it from starting. */
export async function serveWatch(exchange: Exchange, watch: WatchResponse): Promise<void> {
  if (watch.stopping.aborted) throw serviceUnavailable('the server is shutting down');
  const session = new WatchSession(exchange, watch);
  await session.run();
}

class WatchSession implements WatchSink {
  #watcher: Watcher | undefined;
  #ended = false;
  #timer: Timer | undefined;
  #resolveEnd: () => void = () => undefined;
  readonly #finish = (): void => this.finish();

  constructor(
    private readonly exchange: Exchange,
    private readonly watch: WatchResponse,
  ) {}

  async run(): Promise<void> {
    const { response } = this.exchange;
    const { clock, stopping, store, options, timeoutMs } = this.watch;
    const end = new Promise<void>((resolve) => {
      this.#resolveEnd = resolve;
    });
    this.#timer = clock.setTimeout(this.#finish, timeoutMs);
    stopping.addEventListener('abort', this.#finish, { once: true });
    response.on('close', this.#finish);
    response.on('drain', () => this.#watcher?.resume());
    try {
      this.started(await store.watch(options, this));
    } catch (error) {
      this.refused(error);
    }
    await end;
  }

  onEvents(events: readonly WatchEvent[]): void {
    const { response } = this.exchange;
    if (this.#ended || response.destroyed) return;
    this.startStream();
    if (!response.write(this.watch.encoder.encode(events))) this.#watcher?.pause();
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
    this.startStream();
    if (this.exchange.response.writableNeedDrain) watcher.pause();
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
    const { response } = this.exchange;
    if (this.#ended || response.destroyed) return;
    this.startStream();
    response.write(errorLine((error instanceof StatusError ? error : internalError(error)).toStatus()));
  }

  private startStream(): void {
    const { response, warnings } = this.exchange;
    if (response.headersSent) return;
    response.writeHead(200, {
      'Cache-Control': 'no-cache, private',
      'Content-Type': 'application/json',
      ...(warnings.isEmpty ? {} : { Warning: warnings.headerValues() }),
    });
    response.flushHeaders();
  }

  private finish(): void {
    if (this.#ended) return;
    this.release();
    const { response } = this.exchange;
    // A stream that ends before its first event is an empty one, not a broken one.
    if (!response.destroyed) {
      this.startStream();
      response.end();
    }
    this.#resolveEnd();
  }

  private release(): void {
    this.#ended = true;
    this.#timer?.clear();
    this.watch.stopping.removeEventListener('abort', this.#finish);
    this.exchange.response.off('close', this.#finish);
    this.#watcher?.close();
  }
}
