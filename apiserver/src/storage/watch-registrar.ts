/** Starts watches on a cache: from the newest state, from any, or from a revision in the past. */

import { CacheWatcher } from './cache-watcher.js';
import type { Change } from './change.js';
import type { StoredEntry } from './encoding.js';
import type { ResourceContext } from './resource-context.js';
import { rangeOf, type SortedEntries } from './sorted-entries.js';
import { parseResourceVersion, tooOldResourceVersion } from './storage-errors.js';
import type { EntryPredicate, WatchEvent, Watcher, WatchOptions, WatchSink } from './store.js';
import { scopeIncludes, type WatchScope } from './watcher-index.js';

/** Where a watch begins. */
interface Start {
  backlog: Iterator<WatchEvent | undefined>;
  afterRevision: number;
}

/** Entries without a match after which a backlog gives others a turn. */
const missesPerTurn = 500;

/**
 * Throws StatusError 400 for a resourceVersion that is none. Every later problem (too old, too large, etcd away) ends the watch through its
 * sink, as upstream, where the answer has begun by then.
 */
export async function registerWatch(
  context: ResourceContext,
  options: WatchOptions,
  sink: WatchSink,
): Promise<Watcher> {
  const revision = parseResourceVersion(options.resourceVersion);
  let start: Start;
  try {
    await waitForState(context, options, revision);
    start = findStart(context, options, revision);
  } catch (error) {
    return failedWatch(sink, error instanceof Error ? error : new Error(String(error)));
  }
  return register(context, options, sink, start);
}

async function waitForState(context: ResourceContext, options: WatchOptions, revision: number): Promise<void> {
  if (revision > 0) {
    if (options.sendInitialEvents) await context.freshness.atLeast(revision);
    else await context.freshness.loaded();
  } else if (options.resourceVersion === '0') await context.freshness.loaded();
  else await context.freshness.consistent();
}

function findStart({ cache }: ResourceContext, options: WatchOptions, revision: number): Start {
  const scope = scopeOf(options);
  if (options.sendInitialEvents ?? revision === 0) {
    const entries = entriesOf(cache.entries, scope);
    const endBookmark = options.sendInitialEvents === true && options.allowBookmarks === true;
    const state = initialEvents(entries, scope, options.predicate, endBookmark ? cache.revision : undefined);
    return { backlog: state, afterRevision: cache.revision };
  }
  if (revision === 0) return { backlog: [].values(), afterRevision: cache.revision };
  const changes = cache.history.since(revision);
  if (changes === undefined) throw tooOldResourceVersion(revision, cache.history.oldest);
  return { backlog: pastEvents(changes, scope, options.predicate), afterRevision: Math.max(revision, cache.revision) };
}

/** As they are now, whenever they are asked for: not in an array of its own for every watch, as thousands may begin at the same time. */
function entriesOf(entries: SortedEntries, { namespace, name }: WatchScope): Iterable<StoredEntry> {
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  const named = key === undefined || name === undefined ? undefined : entries.get(key);
  if (named !== undefined) return [named];
  if (namespace !== undefined && name !== undefined) return [];
  return entries.snapshot().iterate(rangeOf(namespace));
}

function register(context: ResourceContext, options: WatchOptions, sink: WatchSink, start: Start): Watcher {
  const { cache, metrics, labels, bookmarks } = context;
  const scope = scopeOf(options);
  let stopReminding: (() => void) | undefined;
  const watcher = new CacheWatcher({
    sink,
    predicate: options.predicate,
    ...start,
    queueLimit: context.watchQueueLimit,
    queueBytes: context.watchQueueBytes,
    onOver: (slow) => {
      cache.watchers.remove(watcher, scope);
      stopReminding?.();
      metrics.watchers.dec(labels);
      if (slow) metrics.terminatedWatchers.inc(labels);
    },
  });
  if (options.allowBookmarks) stopReminding = bookmarks.add(() => remind(context, watcher));
  cache.watchers.add(watcher, scope);
  metrics.watchers.inc(labels);
  setImmediate(() => watcher.start());
  return watcher;
}

function remind({ cache }: ResourceContext, watcher: CacheWatcher): void {
  if (cache.loaded) watcher.sendBookmark({ type: 'BOOKMARK', revision: cache.revision });
}

function scopeOf({ namespace, name }: WatchOptions): WatchScope {
  return { ...(namespace === undefined ? {} : { namespace }), ...(name === undefined ? {} : { name }) };
}

function* initialEvents(
  entries: Iterable<StoredEntry>,
  scope: WatchScope,
  predicate: EntryPredicate | undefined,
  endRevision: number | undefined,
): Generator<WatchEvent | undefined> {
  let misses = 0;
  for (const entry of entries) {
    if (scopeIncludes(scope, entry.key) && (predicate === undefined || predicate(entry))) {
      yield { type: 'ADDED', revision: entry.revision, entry };
    } else if (++misses % missesPerTurn === 0) yield undefined;
  }
  if (endRevision !== undefined) yield { type: 'BOOKMARK', revision: endRevision, initialEventsEnd: true };
}

function* pastEvents(
  changes: Change[],
  scope: WatchScope,
  predicate: EntryPredicate | undefined,
): Generator<WatchEvent | undefined> {
  let misses = 0;
  for (const change of changes) {
    const event = scopeIncludes(scope, change.entry.key) ? change.eventFor(predicate) : undefined;
    if (event !== undefined) yield event;
    else if (++misses % missesPerTurn === 0) yield undefined;
  }
}

function failedWatch(sink: WatchSink, error: Error): Watcher {
  let ended = false;
  const end = (reason?: Error): void => {
    if (ended) return;
    ended = true;
    sink.onEnd(reason);
  };
  setImmediate(() => end(error));
  return { close: () => end(), pause: () => undefined, resume: () => undefined };
}
