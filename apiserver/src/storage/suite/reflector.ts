/** A client as client-go's reflector: it lists, watches from there, goes on after interruptions and lists again when it has to. */

import { isGone } from '@kubelab/apimachinery/status-error';
import type { EntryPredicate, ResourceStore, WatchEvent, Watcher, WatchSink } from '../store.js';
import { valueIn } from './fixtures.js';

/** A change as a client saw it. */
export interface SeenChange {
  type: string;
  key: string;
  revision: number;
  value: unknown;
}

/** A stretch without a relist: `start` is the state of revision `from`, then all changes up to `to`. */
export interface Stretch {
  from: number;
  start: Map<string, unknown>;
  changes: SeenChange[];
  to: number;
}

export interface ReflectorOptions {
  namespace?: string;
  predicate?: EntryPredicate;
}

export class Reflector {
  readonly stretches: Stretch[] = [];
  readonly options: ReflectorOptions;
  readonly #store: ResourceStore;
  #watcher: Watcher | undefined;
  #stopped = false;
  #restart: (() => void) | undefined;
  readonly #running: Promise<void>;

  constructor(store: ResourceStore, options: ReflectorOptions) {
    this.#store = store;
    this.options = options;
    this.#running = this.#run();
  }

  /** The newest revision it has heard of. */
  get revision(): number {
    return this.#last?.to ?? 0;
  }

  /** Breaks the watch as a client does that loses its connection; it goes on from its last revision. */
  interrupt(): void {
    this.#watcher?.close();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watcher?.close();
    this.#restart?.();
    await this.#running;
  }

  get #last(): Stretch | undefined {
    return this.stretches[this.stretches.length - 1];
  }

  async #run(): Promise<void> {
    let relist = true;
    while (!this.#stopped) {
      try {
        if (relist) await this.#list();
        relist = false;
        relist = isGone(await this.#watch());
      } catch {
        // etcd is away: any client comes again after a while.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async #list(): Promise<void> {
    const page = await this.#store.list({ ...this.options });
    const start = new Map(page.entries.map((entry) => [entry.key, valueIn(entry)]));
    this.stretches.push({ from: page.revision, start, changes: [], to: page.revision });
  }

  /** Resolves with what ended the watch. */
  #watch(): Promise<Error | undefined> {
    return new Promise((resolve, reject) => {
      this.#restart = () => resolve(undefined);
      const sink: WatchSink = { onEvents: (events) => this.#take(events), onEnd: resolve };
      this.#store
        .watch({ ...this.options, resourceVersion: String(this.revision), allowBookmarks: true }, sink)
        .then((watcher) => {
          this.#watcher = watcher;
          if (this.#stopped) watcher.close();
        }, reject);
    });
  }

  #take(events: readonly WatchEvent[]): void {
    const stretch = this.#last;
    if (stretch === undefined) throw new Error('events before a list');
    for (const { type, revision, entry } of events) {
      if (entry !== undefined) stretch.changes.push({ type, key: entry.key, revision, value: valueIn(entry) });
      stretch.to = Math.max(stretch.to, revision);
    }
  }
}
