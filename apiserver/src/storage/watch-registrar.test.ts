import { encodeObject } from './encoding.js';
import type { ResourceContext } from './resource-context.js';
import type { WatchEvent, WatchOptions, WatchSink } from './store.js';
import { pod } from './suite/fixtures.js';
import { putEvent } from './suite/scripted-etcd.js';
import { WatchCache } from './watch-cache.js';
import { registerWatch } from './watch-registrar.js';

const nothing = (): void => undefined;

/** As much of a resource as watches of its cache need. */
function resourceWith(keys: readonly string[]) {
  let revision = 1;
  const cache = new WatchCache({
    historyBytes: 1_000,
    streamRevision: () => revision,
    onBadObject: nothing,
    onListenerError: nothing,
  });
  const put = (key: string): void => {
    revision++;
    cache.apply(putEvent(key, revision, encodeObject(pod(key, { value: revision })).toString()));
    cache.flush();
  };
  cache.load([], revision);
  for (const key of keys) put(key);
  const done = async (): Promise<void> => undefined;
  const context = {
    cache,
    freshness: { loaded: done, consistent: done, atLeast: done },
    bookmarks: { add: () => nothing },
    metrics: { watchers: { inc: nothing, dec: nothing }, terminatedWatchers: { inc: nothing } },
    labels: {},
    watchQueueLimit: 100,
    watchQueueBytes: 1_000_000,
  } as unknown as ResourceContext;
  return { context, put };
}

function sinkTo(seen: string[]): WatchSink {
  const onEvents = (events: readonly WatchEvent[]): void => {
    for (const { type, entry, revision } of events) seen.push(`${type} ${entry?.key} ${revision}`);
  };
  return { onEvents, onEnd: nothing };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

async function eventsOf(context: ResourceContext, options: WatchOptions): Promise<string[]> {
  const seen: string[] = [];
  const watcher = await registerWatch(context, options, sinkTo(seen));
  await turn();
  watcher.close();
  return seen;
}

const keys = ['a/x', 'a/y', 'b/x', 'ba/x'];

test.each<[string, WatchOptions, string[]]>([
  ['everything', {}, ['ADDED a/x 2', 'ADDED a/y 3', 'ADDED b/x 4', 'ADDED ba/x 5']],
  ['a namespace', { namespace: 'b' }, ['ADDED b/x 4']],
  ['a namespace that holds nothing', { namespace: 'c' }, []],
  ['one object', { namespace: 'a', name: 'y' }, ['ADDED a/y 3']],
  ['one object that is not there', { namespace: 'a', name: 'z' }, []],
  ['one name in all namespaces', { name: 'x' }, ['ADDED a/x 2', 'ADDED b/x 4', 'ADDED ba/x 5']],
])('a watch begins with the state of %s', async (_, options, expected) => {
  expect(await eventsOf(resourceWith(keys).context, options)).toEqual(expected);
});

test('a watch of one object without a namespace begins with that object', async () => {
  expect(await eventsOf(resourceWith(['n1', 'n2']).context, { name: 'n2' })).toEqual(['ADDED n2 3']);
});

test('what changes before a client has read the state comes after the state', async () => {
  const { context, put } = resourceWith(keys);
  const seen: string[] = [];
  const watcher = await registerWatch(context, { namespace: 'a' }, sinkTo(seen));
  watcher.pause();
  put('a/x');
  put('a/w');
  await turn();
  watcher.resume();
  expect(seen).toEqual(['ADDED a/x 2', 'ADDED a/y 3', 'MODIFIED a/x 6', 'ADDED a/w 7']);
});

test('a thousand watches that begin at the same time do not each hold the state', async () => {
  const { context } = resourceWith(Array.from({ length: 20_000 }, (_, index) => `default/pod-${index}`));
  const before = process.memoryUsage().heapUsed;
  const watchers = await Promise.all(
    Array.from({ length: 1_000 }, () => registerWatch(context, { predicate: () => false }, sinkTo([]))),
  );
  // Pointers to the objects alone would be 160 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60 * 1024 * 1024);
  for (const watcher of watchers) watcher.close();
});
