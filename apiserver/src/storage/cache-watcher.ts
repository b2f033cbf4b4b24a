/** One watch on a cache: what it still has to send, in order. */

import { internalError } from '@kubelab/apimachinery/status-error';
import type { Change } from './change.js';
import type { EntryPredicate, WatchEvent, Watcher, WatchSink } from './store.js';

export interface CacheWatcherOptions {
  sink: WatchSink;
  predicate: EntryPredicate | undefined;
  /** Sent before anything else: the initial state, or changes of the past. Undefined in between gives others a turn. */
  backlog: Iterator<WatchEvent | undefined>;
  /** Changes up to this revision are not for this watcher: it knows them, or they are in the backlog. */
  afterRevision: number;
  /** Events that may wait while the sink takes none. */
  queueLimit: number;
  /** Bytes of objects that may wait while the sink takes none; one event may always. */
  queueBytes: number;
  /** The watcher is over and must get nothing more. `slow`: the queue ran over. */
  onOver(slow: boolean): void;
}

/** Events per call of the sink, so that a pause takes effect soon. */
const batchSize = 128;
/** Bytes of objects per call of the sink, one event at least: each connection keeps a copy of its own until its client reads. */
const batchBytes = 16 * 1024;

export class CacheWatcher implements Watcher {
  readonly #options: Omit<CacheWatcherOptions, 'backlog'>;
  /** Nobody else may hold it: a state that has been sent would live as long as the watch. */
  #backlog: Iterator<WatchEvent | undefined> | undefined;
  #queue: WatchEvent[] = [];
  #queuedBytes = 0;
  #started = false;
  #paused = false;
  #sending = false;
  #over = false;

  constructor({ backlog, ...options }: CacheWatcherOptions) {
    this.#options = options;
    this.#backlog = backlog;
  }

  /** Begins to send. */
  start(): void {
    this.#started = true;
    this.flush();
  }

  /** Takes note of a change; true when there is something to flush. */
  offer(change: Change): boolean {
    if (this.#over || change.revision <= this.#options.afterRevision) return false;
    let event: WatchEvent | undefined;
    try {
      event = change.eventFor(this.#options.predicate);
    } catch (error) {
      this.end(internalError(error));
    }
    if (event === undefined) return false;
    this.#queue.push(event);
    this.#queuedBytes += sizeOf(event);
    // Ended without a word, as upstream does: clients go on from the last revision they saw.
    if (this.#isHeldUp && this.#isTooLong) this.#finish(undefined, true);
    return true;
  }

  /** Not sent when the watcher lags or has asked for a newer revision. */
  sendBookmark(event: WatchEvent): void {
    if (this.#over || this.#isHeldUp || this.#queue.length > 0 || event.revision < this.#options.afterRevision) return;
    this.#queue.push(event);
    this.flush();
  }

  /** Sends what the sink takes. */
  flush(): void {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (let events = this.#next(); events.length > 0; events = this.#next()) this.#options.sink.onEvents(events);
    } catch (error) {
      this.end(internalError(error));
    } finally {
      this.#sending = false;
    }
  }

  /** Over, for the reason of `error`. */
  end(error: Error): void {
    this.#finish(error);
  }

  close(): void {
    this.#finish(undefined);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.flush();
  }

  get #isTooLong(): boolean {
    const { queueLimit, queueBytes } = this.#options;
    return this.#queue.length > queueLimit || (this.#queuedBytes > queueBytes && this.#queue.length > 1);
  }

  get #isHeldUp(): boolean {
    return this.#paused || !this.#started || this.#backlog !== undefined;
  }

  #next(): WatchEvent[] {
    if (this.#over || this.#paused || !this.#started) return [];
    const past = this.#nextOfBacklog();
    if (past.length > 0 || this.#backlog !== undefined) return past;
    if (this.#queue.length <= batchSize && this.#queuedBytes <= batchBytes) {
      const events = this.#queue;
      if (events.length > 0) this.#queue = [];
      this.#queuedBytes = 0;
      return events;
    }
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && count < batchSize && bytes < batchBytes) bytes += sizeOf(this.#queue[count++]);
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  #nextOfBacklog(): WatchEvent[] {
    const events: WatchEvent[] = [];
    let bytes = 0;
    while (this.#backlog !== undefined && events.length < batchSize && bytes < batchBytes) {
      const { done, value } = this.#backlog.next();
      if (done) this.#backlog = undefined;
      else if (value !== undefined) {
        events.push(value);
        bytes += sizeOf(value);
      } else {
        if (events.length === 0) setImmediate(() => this.flush());
        break;
      }
    }
    return events;
  }

  #finish(error: Error | undefined, slow = false): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue = [];
    this.#backlog = undefined;
    this.#options.onOver(slow);
    this.#options.sink.onEnd(error);
  }
}

function sizeOf(event: WatchEvent | undefined): number {
  return event?.entry?.bytes.length ?? 0;
}
