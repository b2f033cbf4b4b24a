/** What the storage suite builds its tests from. */

import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type {
  Entry,
  EntryPredicate,
  ResourceStore,
  Storage,
  WatchEvent,
  Watcher,
  WatchOptions,
  WatchSink,
} from '../store.js';

/** What a storage offers to the suite. */
export interface StorageUnderTest {
  storage: Storage;
  /** Another storage on the same data, as another apiserver has it. */
  other: Storage;
  /** Forgets all old revisions behind the storage's back. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

/** Each test works in a resource of its own. */
let resources = 0;

export function podsOf(storage: Storage, plural: string): ResourceStore {
  return storage.resource({
    storagePath: `example.com/${plural}`,
    group: 'example.com',
    plural,
    kind: 'Pod',
    apiVersion: 'v1',
  });
}

export function freshPlural(): string {
  return `pods${++resources}`;
}

/** An object with a label and a field to change. */
export function pod(
  name: string,
  options: { namespace?: string; label?: string; value?: unknown } = {},
): UnstructuredObject {
  const { namespace = 'default', label = '', value = 0 } = options;
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      resourceVersion: '',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { app: label },
    },
    spec: { value },
  };
}

export const hasLabel =
  (label: string): EntryPredicate =>
  (entry) =>
    entry.object.metadata.labels?.['app'] === label;

/** What {@link pod} was given as its value. */
export function valueIn(entry: Entry | undefined): unknown {
  return (entry?.object['spec'] as { value?: unknown } | undefined)?.value;
}

/** A new state with another value, or another label. */
export function changed(entry: Entry | undefined, change: { value?: unknown; label?: string }): UnstructuredObject {
  if (entry === undefined) throw new Error('there is nothing to change');
  const object = structuredClone(entry.object);
  if (change.label !== undefined) object.metadata.labels = { app: change.label };
  return 'value' in change ? { ...object, spec: { value: change.value } } : object;
}

export async function write(
  store: ResourceStore,
  key: string,
  change: { value?: unknown; label?: string },
): Promise<Entry> {
  const entry = await store.update(key, (current) => ({ action: 'write', object: changed(current, change) }));
  if (entry === undefined) throw new Error('nothing was written');
  return entry;
}

export async function remove(store: ResourceStore, key: string): Promise<Entry> {
  const entry = await store.update(key, () => ({ action: 'delete' }));
  if (entry === undefined) throw new Error('nothing was deleted');
  return entry;
}

/** Keeps what a watch sends. */
export class Recorder implements WatchSink {
  readonly events: WatchEvent[] = [];
  ended = false;
  error: Error | undefined;
  watcher: Watcher | undefined;
  #waiting: { done(): boolean; resolve(): void }[] = [];

  onEvents(events: readonly WatchEvent[]): void {
    this.events.push(...events);
    this.#check();
  }

  onEnd(error?: Error): void {
    if (this.ended) throw new Error('onEnd was called twice');
    this.ended = true;
    this.error = error;
    this.#check();
  }

  /** `ADDED default/a@12` */
  get lines(): string[] {
    return this.events.map(({ type, revision, entry, initialEventsEnd }) =>
      entry ? `${type} ${entry.key}@${revision}` : `${type}@${revision}${initialEventsEnd ? ' end' : ''}`,
    );
  }

  /** `ADDED a` */
  get names(): string[] {
    return this.events.map(({ type, entry }) => (entry ? `${type} ${entry.object.metadata.name}` : type));
  }

  until(done: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ done, resolve });
      this.#check();
    });
  }

  count(events: number): Promise<void> {
    return this.until(() => this.events.length >= events || this.ended);
  }

  #check(): void {
    const ready = this.#waiting.filter(({ done }) => done());
    this.#waiting = this.#waiting.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }
}

export async function record(store: ResourceStore, options: WatchOptions): Promise<Recorder> {
  const recorder = new Recorder();
  recorder.watcher = await store.watch(options, recorder);
  return recorder;
}

export function names(entries: readonly Entry[]): string[] {
  return entries.map(({ key }) => key);
}
