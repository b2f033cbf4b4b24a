/** The one loop that runs reconcilers: the only place that knows queues, back-off, metrics and the logging of failures. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { isConflict } from '@kubelab/apimachinery/status-error';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Reconciler, TerminalError } from './reconciler.js';
import { WorkQueue } from './work-queue.js';

/** Keys that a worker takes before everybody else in the process has a turn. */
const keysInARow = 100;

export interface ControllerOptions {
  /** Upstream's name: `deployment`, `node-lifecycle`. */
  name: string;
  reconciler: Reconciler;
  clock: Clock;
  logger: Logger;
  /** Parallel keys. Default 5. */
  workers?: number;
  metrics?: ControllerMetrics;
  backOff?: { baseMs: number; maxMs: number };
}

/** Upstream's workqueue metrics, shared by all controllers of a process. */
export class ControllerMetrics {
  readonly adds: Counter<'name'>;
  readonly retries: Counter<'name'>;
  readonly depth: Gauge<'name'>;
  readonly work: Histogram<'name'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const labelNames = ['name'] as const;
    this.adds = new Counter({
      name: 'workqueue_adds_total',
      help: 'Total number of adds handled by workqueue',
      labelNames,
      registers,
    });
    this.retries = new Counter({
      name: 'workqueue_retries_total',
      help: 'Total number of retries handled by workqueue',
      labelNames,
      registers,
    });
    this.depth = new Gauge({ name: 'workqueue_depth', help: 'Current depth of workqueue', labelNames, registers });
    this.work = new Histogram({
      name: 'workqueue_work_duration_seconds',
      help: 'How long in seconds processing an item from workqueue takes.',
      labelNames,
      buckets: [0.001, 0.01, 0.1, 1, 10],
      registers,
    });
  }
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #logger: Logger;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ clock: options.clock, ...(options.backOff ? { backOff: options.backOff } : {}) });
    this.#logger = options.logger.child({ controller: options.name });
  }

  enqueue(key: string): void {
    this.#options.metrics?.adds.inc({ name: this.#options.name });
    this.#queue.add(key);
    this.#options.metrics?.depth.set({ name: this.#options.name }, this.#queue.length);
  }

  enqueueAfter(key: string, ms: number): void {
    this.#queue.addAfter(key, ms);
  }

  /** Works until the signal aborts; keys in progress are finished. */
  async run(signal: AbortSignal): Promise<void> {
    const close = (): void => this.#queue.close();
    if (signal.aborted) close();
    signal.addEventListener('abort', close, { once: true });
    await Promise.all(Array.from({ length: this.#options.workers ?? 5 }, () => this.#work(signal)));
  }

  async #work(signal: AbortSignal): Promise<void> {
    let count = 0;
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      await this.#process(key, signal);
      this.#queue.done(key);
      // Keys that need no request would otherwise keep the process from its sockets and timers for as long as there are any.
      if (++count % keysInARow === 0) await nextTurn();
    }
  }

  async #process(key: string, signal: AbortSignal): Promise<void> {
    const { name, reconciler, metrics } = this.#options;
    const stopTimer = metrics?.work.startTimer({ name });
    try {
      const result = await reconciler.reconcile(key, signal);
      this.#queue.forget(key);
      if (result.requeueAfterMs !== undefined) this.#queue.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      this.#handle(key, error, signal);
    } finally {
      stopTimer?.();
      metrics?.depth.set({ name }, this.#queue.length);
    }
  }

  #handle(key: string, error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (error instanceof TerminalError) {
      this.#queue.forget(key);
      this.#logger.error('Reconciling cannot succeed', { key, error });
      return;
    }
    this.#options.metrics?.retries.inc({ name: this.#options.name });
    this.#queue.addRateLimited(key);
    // A conflict only says that the cache was behind: the next round has the newer object.
    if (isConflict(error)) this.#logger.debug('Reconciling will be retried', { key, error });
    else this.#logger.warn('Reconciling failed, will be retried', { key, error, failures: this.#queue.failures(key) });
  }
}
