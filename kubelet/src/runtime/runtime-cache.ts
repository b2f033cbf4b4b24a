import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { isCriError } from '@kubelab/proto/cri-error';
import type { ContainerEventResponse, RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { podUidLabel } from './labels.js';
import type { PodState, RuntimeSandbox } from './pod-state.js';
import type { PodStateReader, RuntimeListing } from './pod-state-reader.js';

export interface RuntimeCacheMetrics {
  relist(durationSeconds: number, intervalSeconds: number | undefined): void;
  pods(count: { running: number; containers: Record<string, number> }): void;
}

export interface RuntimeCacheOptions {
  reader: Pick<PodStateReader, 'read' | 'listAll'>;
  client: Pick<RuntimeServiceClient, 'getContainerEvents'>;
  clock: Clock;
  logger: Logger;
  metrics: RuntimeCacheMetrics;
  /** Called when a pod's state has changed, with undefined when the runtime has nothing of it any more. Not called by a read that finds nothing new: whoever reads because of a call would go round for ever. */
  onChange(uid: string, state: PodState | undefined): void;
}

/** Upstream's generic PLEG lists every second; the event stream makes that unnecessary, so the list is only a safety net. */
const relistWithEventsMs = 10_000;
const relistWithoutEventsMs = 1_000;
const eventRetryMs = 1_000;
/** For how long an event waits for whoever caused it to read the pod. */
const settleMs = 25;
const healthyForMs = 180_000;

interface Read {
  running: Promise<void>;
  /** Somebody asked while it was going on. */
  again: boolean;
}

/** Keeps the last known state of every pod in the runtime current: container events say which pod to read again, a periodic list finds what they missed. */
export class RuntimeCache {
  readonly #options: RuntimeCacheOptions;
  readonly #states = new Map<string, PodState>();
  /** Fingerprint of the listing by which a pod was last read. */
  readonly #seen = new Map<string, string>();
  readonly #reads = new Map<string, Read>();
  readonly #held = new Map<string, { holders: number; looks: (() => void)[] }>();
  #streaming = false;
  #lastRelist: number | undefined;

  constructor(options: RuntimeCacheOptions) {
    this.#options = options;
  }

  get(uid: string): PodState | undefined {
    return this.#states.get(uid);
  }

  list(): PodState[] {
    return [...this.#states.values()];
  }

  /** Undefined when healthy, else upstream's sentence for the node's Ready condition. */
  unhealthy(): string | undefined {
    const { clock } = this.#options;
    if (this.#lastRelist === undefined) return 'pleg has yet to be successful';
    const elapsed = clock.now() - this.#lastRelist;
    if (elapsed <= healthyForMs) return undefined;
    return `pleg was last seen active ${Math.floor(elapsed / 60_000)}m${Math.floor((elapsed % 60_000) / 1000)}s ago; threshold is 3m0s`;
  }

  /** Reads one pod now; resolves when a read that began after this call has ended. */
  async refresh(uid: string): Promise<PodState | undefined> {
    const current = this.#reads.get(uid);
    if (current) {
      current.again = true;
      await current.running;
      return this.#states.get(uid);
    }
    const entry = { running: Promise.resolve(), again: false };
    entry.running = this.#readUntilQuiet(uid, entry);
    this.#reads.set(uid, entry);
    await entry.running;
    return this.#states.get(uid);
  }

  async #readUntilQuiet(uid: string, entry: Read): Promise<void> {
    try {
      do {
        entry.again = false;
        this.#store(uid, await this.#options.reader.read(uid));
      } while (entry.again);
    } finally {
      this.#reads.delete(uid);
    }
  }

  #store(uid: string, state: PodState | undefined): void {
    if (isDeepStrictEqual(this.#states.get(uid), state)) return;
    if (state) this.#states.set(uid, state);
    else this.#states.delete(uid);
    this.#options.metrics.pods(countPods(this.#states.values()));
    this.#options.onChange(uid, state);
  }

  /** The first list is made here, so that a kubelet knows what runs before it acts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#firstRelist(signal);
    void this.#relistLoop(signal);
    void this.#eventLoop(signal);
  }

  async #firstRelist(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    for (;;) {
      try {
        await this.relist();
        return;
      } catch (error) {
        logger.warn('Container runtime is not ready yet', { error });
        await clock.sleep(1_000, signal);
      }
    }
  }

  async #relistLoop(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      const wait = this.#streaming ? relistWithEventsMs : relistWithoutEventsMs;
      await clock.sleep(wait, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.relist().catch((error: unknown) => logger.warn('Listing the runtime failed', { error }));
    }
  }

  async relist(): Promise<void> {
    const { clock, reader, metrics } = this.#options;
    const startedAt = clock.now();
    const listing = await reader.listAll();
    const interval = this.#lastRelist === undefined ? undefined : (startedAt - this.#lastRelist) / 1000;
    const fingerprints = fingerprint(listing);
    const gone = [...this.#states.keys()].filter((uid) => !fingerprints.has(uid));
    const changed = [...fingerprints].filter(([uid, print]) => this.#seen.get(uid) !== print).map(([uid]) => uid);
    for (const uid of gone) this.#seen.delete(uid);
    await Promise.all([...gone, ...changed].map((uid) => this.refresh(uid)));
    for (const [uid, print] of fingerprints) this.#seen.set(uid, print);
    this.#lastRelist = clock.now();
    metrics.relist((clock.now() - startedAt) / 1000, interval);
  }

  async #eventLoop(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#consumeEvents(signal);
      } catch (error) {
        if (isCriError(error, 'UNIMPLEMENTED')) {
          logger.info('The runtime has no container events, listing every second instead');
          return;
        }
        if (!signal.aborted) logger.warn('Container event stream broke off', { error });
      } finally {
        this.#streaming = false;
      }
      await clock.sleep(eventRetryMs, signal).catch(() => undefined);
      // Whatever happened while nobody listened.
      if (!signal.aborted) await this.relist().catch((error: unknown) => logger.debug('Listing failed', { error }));
    }
  }

  async #consumeEvents(signal: AbortSignal): Promise<void> {
    const events = this.#options.client.getContainerEvents({}, { signal });
    // Streams without events yet are healthy too; a broken one ends this loop.
    this.#streaming = true;
    for await (const event of events) this.#heard(event, signal);
  }

  /** Most events tell of what this kubelet has just done and is about to read. */
  #heard(event: ContainerEventResponse, signal: AbortSignal): void {
    const type = event.containerEventType;
    // What was created is about to be started; where that fails, another event follows.
    if (type === 'CONTAINER_CREATED_EVENT') return;
    const sandbox = event.podSandboxStatus;
    const uid = sandbox?.metadata?.uid || sandbox?.labels[podUidLabel] || this.#ownerOf(event.containerId);
    if (uid === undefined) {
      // Of what is gone and was not known there is nothing to read.
      if (type !== 'CONTAINER_DELETED_EVENT') this.#refreshInBackground(undefined);
      return;
    }
    const check = (): void => {
      if (!signal.aborted && !isKnown(this.#states.get(uid), event)) this.#refreshInBackground(uid);
    };
    const look = (): void => {
      const reading = this.#reads.get(uid);
      // A read that failed was somebody else's; this one will say so itself.
      if (reading) reading.running.then(check, check);
      else check();
    };
    const held = this.#held.get(uid);
    if (held) held.looks.push(look);
    else this.#options.clock.setTimeout(look, settleMs);
  }

  /** While `work` changes a pod, events of it wait: whoever does it reads the pod afterwards. */
  async holding<T>(uid: string, work: () => Promise<T>): Promise<T> {
    const held = this.#held.get(uid) ?? { holders: 0, looks: [] };
    held.holders += 1;
    this.#held.set(uid, held);
    try {
      return await work();
    } finally {
      held.holders -= 1;
      if (held.holders === 0) {
        this.#held.delete(uid);
        for (const look of held.looks) this.#options.clock.setTimeout(look, settleMs);
      }
    }
  }

  #ownerOf(containerId: string): string | undefined {
    for (const [uid, state] of this.#states) {
      const known = [...state.containers, ...state.sandboxes].some((item) => item.id === containerId);
      if (known) return uid;
    }
    return undefined;
  }

  #refreshInBackground(uid: string | undefined): void {
    const work = uid === undefined ? this.relist() : this.refresh(uid);
    work.catch((error: unknown) => this.#options.logger.warn('Reading a pod from the runtime failed', { uid, error }));
  }
}

/** Whether a pod's state already shows what an event tells. */
function isKnown(state: PodState | undefined, event: ContainerEventResponse): boolean {
  const { containerId: id, containerEventType: type } = event;
  const container = state?.containers.find((item) => item.id === id);
  const sandbox = state?.sandboxes.find((item) => item.id === id);
  if (type === 'CONTAINER_DELETED_EVENT') return !container && !sandbox;
  const ended = container?.state === 'CONTAINER_EXITED';
  if (type === 'CONTAINER_STOPPED_EVENT') return ended || sandbox?.ready === false;
  return ended || container?.state === 'CONTAINER_RUNNING' || (sandbox?.ready === true && hasAddress(sandbox));
}

function hasAddress({ ips, hostNetwork }: RuntimeSandbox): boolean {
  return hostNetwork || ips.length > 0;
}

function fingerprint(listing: RuntimeListing): Map<string, string> {
  const parts = new Map<string, string[]>();
  for (const item of [...listing.sandboxes, ...listing.containers]) {
    const uid = item.labels[podUidLabel];
    if (!uid) continue;
    const list = parts.get(uid) ?? [];
    list.push(`${item.id}=${item.state}`);
    parts.set(uid, list);
  }
  return new Map([...parts].map(([uid, list]) => [uid, list.sort().join(' ')]));
}

function countPods(states: Iterable<PodState>): { running: number; containers: Record<string, number> } {
  const containers: Record<string, number> = { created: 0, running: 0, exited: 0, unknown: 0 };
  let running = 0;
  for (const state of states) {
    if (state.sandboxes.some((sandbox) => sandbox.ready)) running += 1;
    for (const container of state.containers) {
      const key = container.state.replace('CONTAINER_', '').toLowerCase();
      containers[key] = (containers[key] ?? 0) + 1;
    }
  }
  return { running, containers };
}
