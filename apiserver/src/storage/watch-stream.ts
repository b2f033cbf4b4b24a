/** The one watch on etcd that feeds every cache. */

import type { Clock } from '@kubelab/component/clock';
import type { EtcdClient, KeyEvent, WatchCall, WatchMessage } from './etcd-client.js';
import { CompactedError } from './etcd-errors.js';
import { RevisionWaiters } from './revision-waiters.js';

export interface WatchStreamOptions {
  client: EtcdClient;
  clock: Clock;
  /** Changes of all keys in the order of their revisions, each once. Everything up to `revision` has been given then. */
  onEvents(events: readonly KeyEvent[], revision: number): void;
  /** Changes between `seen` and `revision` are lost (compaction, or another etcd in the same place): load everything again. */
  onReset(seen: number, revision: number): void;
  /** The stream broke and is being restored. */
  onBroken?(error: Error): void;
}

const firstPauseMs = 50;
const longestPauseMs = 1_000;

/**
 * Follows all keys, not only those of one prefix: every revision then brings an event, so that having seen an event of revision N proves that
 * nothing older is missing. (Progress requests cannot: before 3.4.25 and 3.5.8 etcd answers them ahead of events that are still queued.)
 * A broken stream goes on after the last complete revision.
 */
export class WatchStream {
  readonly #options: WatchStreamOptions;
  readonly #waiters: RevisionWaiters;
  #seen = 0;
  #clusterId = '';
  #fragments: KeyEvent[] = [];
  #call: WatchCall | undefined;
  #interrupt: ((error: Error) => void) | undefined;
  #connected = false;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
    this.#waiters = new RevisionWaiters(options.clock);
  }

  /** The newest revision up to which everything has been handed on. */
  get seen(): number {
    return this.#seen;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Resolves when etcd has answered once; from then on the stream restores itself. */
  async start(): Promise<void> {
    const { revision, clusterId } = await this.#options.client.currentRevision();
    this.#seen = revision;
    this.#clusterId = clusterId;
    this.#running = this.#run();
  }

  /** Resolves with true when `revision` has been seen, with false after `timeoutMs`. */
  waitFor(revision: number, timeoutMs: number): Promise<boolean> {
    return this.#seen >= revision ? Promise.resolve(true) : this.#waiters.wait(revision, timeoutMs);
  }

  /** Gives up the present stream for a new one, as its member may hang. */
  reconnect(reason: Error): void {
    this.#interrupt?.(reason);
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the storage was closed'));
    this.#interrupt?.(new Error('the storage was closed'));
    await this.#running;
    this.#waiters.close();
  }

  async #run(): Promise<void> {
    let pause = firstPauseMs;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow(() => {
          pause = firstPauseMs;
        });
      } catch (error) {
        await this.#recover(error instanceof Error ? error : new Error(String(error)), pause);
        pause = Math.min(pause * 2, longestPauseMs);
      }
    }
  }

  /** Never resolves: rejects when the stream is over. */
  #follow(onCreated: () => void): Promise<void> {
    return new Promise((_, reject) => {
      const fail = (error: Error): void => {
        this.#endCall();
        reject(error);
      };
      this.#interrupt = fail;
      const startRevision = this.#seen + 1;
      const onMessage = (message: WatchMessage): void => {
        if (message.created && !message.canceled) onCreated();
        try {
          this.#receive(message);
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#options.client.watch({ startRevision, onMessage, onEnd: fail }).then((call) => {
        if (this.#interrupt === fail) this.#call = call;
        else call.cancel();
      }, fail);
    });
  }

  #endCall(): void {
    this.#call?.cancel();
    this.#call = undefined;
    this.#interrupt = undefined;
    this.#connected = false;
    this.#fragments = [];
  }

  #receive(message: WatchMessage): void {
    if (message.canceled) {
      if (message.compactRevision > 0) throw new CompactedError(message.compactRevision);
      throw new Error(`etcd ended the watch: ${message.cancelReason}`);
    }
    if (message.created) {
      this.#connected = true;
      return;
    }
    if (message.events.length === 0) {
      if (!message.fragment && this.#fragments.length === 0) this.#advance([], message.revision);
      return;
    }
    this.#receiveEvents(message);
  }

  #receiveEvents(message: WatchMessage): void {
    const events = this.#fragments.length === 0 ? message.events : this.#fragments.concat(message.events);
    // The last revision of a fragment may go on in the next one.
    this.#fragments = message.fragment ? events : [];
    if (message.fragment) return;
    const fresh =
      events[0] !== undefined && events[0].revision > this.#seen
        ? events
        : events.filter((event) => event.revision > this.#seen);
    const last = fresh[fresh.length - 1];
    if (last !== undefined) this.#advance(fresh, last.revision);
  }

  #advance(events: readonly KeyEvent[], revision: number): void {
    if (revision <= this.#seen) return;
    this.#seen = revision;
    this.#options.onEvents(events, revision);
    this.#waiters.advance(revision);
  }

  async #recover(error: Error, pause: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#options.onBroken?.(error);
    try {
      if (!(error instanceof CompactedError)) await this.#options.clock.sleep(pause, this.#stop.signal);
      await this.#checkIdentity(error instanceof CompactedError);
    } catch (cause) {
      if (!this.#stop.signal.aborted)
        this.#options.onBroken?.(cause instanceof Error ? cause : new Error(String(cause)));
    }
  }

  /** Another etcd, or one that lost its newest data, must not be taken for the one the caches were filled from. */
  async #checkIdentity(compacted: boolean): Promise<void> {
    const { revision, clusterId } = await this.#options.client.currentRevision();
    if (!compacted && clusterId === this.#clusterId && revision >= this.#seen) return;
    const before = this.#seen;
    this.#clusterId = clusterId;
    this.#seen = revision;
    this.#options.onReset(before, revision);
    this.#waiters.advance(revision);
  }
}
