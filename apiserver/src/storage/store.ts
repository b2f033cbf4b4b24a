/** The contract between the resource engine and whatever keeps the objects. */

import type { UnstructuredObject } from '@kubelab/apimachinery/meta';

/** One version of one object. Entries are shared between requests and must never be changed. */
export interface Entry {
  /** Below the resource's folder: `namespace/name` or `name`. */
  readonly key: string;
  /** etcd mod revision; the object's resourceVersion. */
  readonly revision: number;
  /**
   * The object as JSON with its resourceVersion in place. Always begins with `{"kind":...,"apiVersion":...,"metadata":{`.
   * `bytes.subarray(itemOffset)` preceded by `{` is the same object without kind and apiVersion, as upstream writes the items of a list.
   */
  readonly bytes: Buffer;
  readonly itemOffset: number;
  /** Parsed on first use, then kept while it is in use, with metadata.resourceVersion set. Frozen in spirit: clone before changing. */
  readonly object: UnstructuredObject;
  /** {@link object} for one look: what has to be parsed for it is not kept. */
  glance?(): UnstructuredObject;
  /** It is kept in an older form than the one that a write would leave: writing it unchanged is not for nothing. */
  readonly outdated?: boolean;
  /** The object as protobuf, left by whoever encoded it first; kept while it is in use. */
  protobuf?: Buffer | undefined;
}

export interface Page {
  entries: Entry[];
  /** The collection's resourceVersion. */
  revision: number;
  /** Token for the next page; absent on the last one. */
  continue?: string;
  /** Absent when a predicate makes it unknowable, as upstream. */
  remainingItemCount?: number;
}

export type EntryPredicate = (entry: Entry) => boolean;

export interface ListOptions {
  namespace?: string;
  predicate?: EntryPredicate;
  /** 0 or absent: all. */
  limit?: number;
  continue?: string;
  /** Absent or `""`: the newest state; `"0"`: any state; otherwise according to `resourceVersionMatch`. */
  resourceVersion?: string;
  resourceVersionMatch?: 'NotOlderThan' | 'Exact';
}

export interface WatchOptions {
  namespace?: string;
  /** Only this object. */
  name?: string;
  predicate?: EntryPredicate;
  /** Absent, `""`: start with the newest state as ADDED events; `"0"`: any state likewise; a number: only what came after it. */
  resourceVersion?: string;
  allowBookmarks?: boolean;
  /** With bookmarks: initial ADDED events closed by a bookmark that carries `k8s.io/initial-events-end`. */
  sendInitialEvents?: boolean;
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

/**
 * One change as one watcher sees it (an object that starts to match a predicate is ADDED, one that stops to match is DELETED).
 * DELETED carries the last state with the revision of the deletion. BOOKMARK has no entry.
 */
export interface WatchEvent {
  readonly type: WatchEventType;
  readonly revision: number;
  readonly entry?: Entry;
  /** BOOKMARK only: the end of the initial events. */
  readonly initialEventsEnd?: boolean;
}

export interface WatchSink {
  /** Called with one or more events in order. Must not throw. */
  onEvents(events: readonly WatchEvent[]): void;
  /** The watch is over: `error` is undefined after close(), a StatusError (410 Expired, 500...) otherwise. Called once. */
  onEnd(error?: Error): void;
}

export interface Watcher {
  close(): void;
  /** The sink cannot take more at the moment; events queue up to the cache's limit, beyond it the watch ends. */
  pause(): void;
  resume(): void;
}

/** What to do with the current state of an object. */
export type Update =
  | { action: 'write'; object: UnstructuredObject }
  /** Leave things as they are and return the current entry. */
  | { action: 'keep' }
  | { action: 'delete' };

/**
 * All objects of one resource. Reads are served by a watch cache; `get` and `list` without a resourceVersion are still consistent (the
 * cache asks etcd for its revision, once for all that wait, and answers when it has seen it).
 * Errors are StatusErrors: 404, 409 AlreadyExists / Conflict, 410 Expired, 503 and 504 when etcd is away.
 */
export interface ResourceStore {
  /** Where an object is kept, for messages: `/registry/pods/default/web`. */
  pathOf(key: string): string;
  /** Undefined when there is no such object. */
  get(key: string, options?: { resourceVersion?: string }): Promise<Entry | undefined>;
  list(options?: ListOptions): Promise<Page>;
  /** Resolves when the watch is registered; events come afterwards. */
  watch(options: WatchOptions, sink: WatchSink): Promise<Watcher>;
  /** Fails with AlreadyExists. `object.metadata.resourceVersion` is ignored and not stored. */
  create(key: string, object: UnstructuredObject, options?: { ttlSeconds?: number }): Promise<Entry>;
  /**
   * Guaranteed update: gives `update` the current entry (undefined when missing), applies what it returns under a compare of the revision,
   * and calls it again with the newer state when another writer was faster. Writing nothing new (equal bytes) keeps the revision.
   * Errors thrown by `update` pass through. After a `delete` the result is the last state, with the revision of the deletion.
   * With `create: true` a write on a missing key creates it. Undefined only for `keep` on a missing key.
   */
  update(
    key: string,
    update: (current: Entry | undefined) => Promise<Update> | Update,
    options?: { ttlSeconds?: number; create?: boolean },
  ): Promise<Entry | undefined>;
  /** The newest entry the cache has seen: no waiting, possibly stale. For authorizers and admission. */
  peek(key: string): Entry | undefined;
  peekAll(namespace?: string): Entry[];
  /** After every change that the cache has seen, in order. Returns the function that ends it. */
  onChange(listener: (type: 'ADDED' | 'MODIFIED' | 'DELETED', entry: Entry) => void): () => void;
  /** Resolves when the cache has its first complete state. */
  ready(): Promise<void>;
}

export interface Storage {
  /** `storagePath` is the folder below `/registry/`, e.g. `pods` or `services/specs`. Calls with the same path share one store. */
  resource(options: {
    storagePath: string;
    group: string;
    plural: string;
    kind: string;
    apiVersion: string;
  }): ResourceStore;
  /** Lets go of the store of a path: its watches end and its memory is freed. A later call of `resource` makes a new one. */
  release(storagePath: string): void;
  /** Fails with a readable error when etcd does not answer or the caches are not ready. */
  healthy(): Promise<void>;
  close(): Promise<void>;
}
