/** Lists of one resource: from the cache, or from etcd for a state the cache has no longer. */

import { encodeContinue, keyAfter } from './continue-token.js';
import { isStoredObject, StoredEntry } from './encoding.js';
import { type KeyValue, prefixEnd, type RangePage } from './etcd-client.js';
import { CompactedError, FutureRevisionError } from './etcd-errors.js';
import { type ListPlan, planList } from './list-plan.js';
import type { PageSnapshots } from './page-snapshots.js';
import type { ResourceContext } from './resource-context.js';
import { type KeyRange, rangeOf, type SortedEntries } from './sorted-entries.js';
import { continueTokenExpired, listExpired, tooLargeResourceVersion } from './storage-errors.js';
import type { EntryPredicate, ListOptions, Page } from './store.js';

/** One list: what is asked for and where its keys lie. */
interface Query {
  plan: ListPlan;
  predicate: EntryPredicate | undefined;
  /** `namespace/` or empty: what tokens leave out of their keys. */
  namespacePrefix: string;
  range: KeyRange;
}

/** Predicates that run before others get their turn: each may have to parse its object. */
const predicatesPerTurn = 500;
/** Objects per request to etcd where the client's limit does not say. */
const etcdChunk = 1_000;

export class ListReader {
  readonly #context: ResourceContext;
  readonly #snapshots: PageSnapshots;

  constructor(context: ResourceContext, snapshots: PageSnapshots) {
    this.#context = context;
    this.#snapshots = snapshots;
  }

  async list(options: ListOptions): Promise<Page> {
    const plan = planList(options);
    const query: Query = { plan, predicate: options.predicate, ...locate(options.namespace, plan.startKey) };
    if (plan.state === 'exact') return this.#exact(query, plan);
    const { freshness, cache } = this.#context;
    if (plan.state === 'consistent') await freshness.consistent();
    else if (plan.state === 'atLeast') await freshness.atLeast(plan.revision);
    else await freshness.loaded();
    return this.#fromEntries(query, cache.entries, cache.revision);
  }

  async #exact(query: Query, plan: ListPlan & { state: 'exact' }): Promise<Page> {
    const { freshness, cache } = this.#context;
    await freshness.atLeast(plan.revision);
    if (plan.revision >= cache.lastChange) return this.#fromEntries(query, cache.entries, plan.revision);
    const snapshot = this.#snapshots.get(plan.revision);
    if (snapshot !== undefined) return this.#fromEntries(query, snapshot, plan.revision);
    try {
      return await this.#fromEtcd(query, plan.revision);
    } catch (error) {
      if (error instanceof FutureRevisionError) throw tooLargeResourceVersion(plan.revision, cache.revision);
      if (!(error instanceof CompactedError)) throw error;
      throw plan.continued ? continueTokenExpired(plan.startKey) : listExpired();
    }
  }

  async #fromEntries(query: Query, entries: SortedEntries, revision: number): Promise<Page> {
    const { plan, predicate } = query;
    if (predicate === undefined) {
      // Taken before anything is awaited: the cache moves on.
      const page = collect(entries, query.range, plan.limit);
      if (page.next === undefined) return { entries: page.found, revision };
      this.#snapshots.keep(revision, entries);
      const place = { range: query.range, length: page.found.length, next: page.next };
      const rest = this.#snapshots.restAfter(revision, place, (range) => entries.count(range));
      return { entries: page.found, revision, continue: token(query, page.next, revision), remainingItemCount: rest };
    }
    if (plan.limit === 0) {
      const { matches } = await filter(entries.toArray(query.range), predicate, 0);
      return { entries: matches, revision };
    }
    // A page looks at no more entries than it needs: those behind it are not even gathered.
    const state = entries.snapshot();
    const { matches, next } = await filter(state.iterate(query.range), predicate, plan.limit);
    if (next === undefined) return { entries: matches, revision };
    this.#snapshots.keep(revision, state);
    return { entries: matches, revision, continue: token(query, next, revision) };
  }

  async #fromEtcd(query: Query, revision: number): Promise<Page> {
    const { plan, predicate } = query;
    const matches: StoredEntry[] = [];
    const chunk = plan.limit > 0 && predicate === undefined ? plan.limit : etcdChunk;
    for (let start = query.range.start; ; ) {
      const page = await this.#readEtcd({ ...query.range, start }, chunk, revision);
      const last = page.kvs[page.kvs.length - 1];
      const more = page.count > page.kvs.length;
      for (const kv of page.kvs) {
        if (!isStoredObject(kv.value)) continue;
        const entry = this.#entryOf(kv);
        if (predicate !== undefined && !predicate(entry)) continue;
        matches.push(entry);
        if (matches.length !== plan.limit) continue;
        if (kv === last && !more) break;
        const next = token(query, keyAfter(entry.key), revision);
        const remaining = predicate === undefined ? { remainingItemCount: page.count - matches.length } : {};
        return { entries: matches, revision, continue: next, ...remaining };
      }
      if (!more || last === undefined) return { entries: matches, revision };
      start = keyAfter(this.#relative(last.key));
    }
  }

  #readEtcd(range: KeyRange, limit: number, revision: number): Promise<RangePage> {
    const { client, metrics, labels, prefix } = this.#context;
    const end = range.end === undefined ? prefixEnd(prefix) : prefix + range.end;
    return metrics.time('list', labels, () => client.range({ start: prefix + range.start, end, limit, revision }));
  }

  #relative(etcdKey: string): string {
    return etcdKey.slice(this.#context.prefix.length);
  }

  /** The cache's entry where it has this very version. */
  #entryOf(kv: KeyValue): StoredEntry {
    const key = this.#relative(kv.key);
    const cached = this.#context.cache.entries.get(key);
    return cached?.revision === kv.modRevision ? cached : new StoredEntry(key, kv.modRevision, kv.value);
  }
}

function locate(namespace: string | undefined, startKey: string): Pick<Query, 'namespacePrefix' | 'range'> {
  const range = rangeOf(namespace);
  const namespacePrefix = range.start;
  return { namespacePrefix, range: { ...range, start: namespacePrefix + startKey } };
}

function token(query: Query, nextKey: string, revision: number): string {
  return encodeContinue({ revision, startKey: nextKey.slice(query.namespacePrefix.length) });
}

/** Up to `limit` entries (0: all); `next` is where the rest begins. */
function collect(
  entries: SortedEntries,
  range: KeyRange,
  limit: number,
): { found: StoredEntry[]; next: string | undefined } {
  const found: StoredEntry[] = [];
  let next: string | undefined;
  entries.forEach(range, (entry) => {
    if (limit > 0 && found.length === limit) {
      next = keyAfter(found[limit - 1]?.key ?? '');
      return false;
    }
    found.push(entry);
    return true;
  });
  return { found, next };
}

async function filter(
  entries: Iterable<StoredEntry>,
  predicate: EntryPredicate,
  limit: number,
): Promise<{ matches: StoredEntry[]; next: string | undefined }> {
  const matches: StoredEntry[] = [];
  let seen = 0;
  for (const entry of entries) {
    if (limit > 0 && matches.length === limit) return { matches, next: keyAfter(matches[limit - 1]?.key ?? '') };
    if (seen > 0 && seen % predicatesPerTurn === 0) await new Promise(setImmediate);
    seen++;
    if (predicate(entry)) matches.push(entry);
  }
  return { matches, next: undefined };
}
