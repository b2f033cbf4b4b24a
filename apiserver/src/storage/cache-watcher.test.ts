import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CacheWatcher } from './cache-watcher.js';
import { Change } from './change.js';
import { StoredEntry } from './encoding.js';
import type { WatchEvent } from './store.js';

function changeOf(revision: number, bytes: number): Change {
  const text = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"x":"';
  const stored = Buffer.from(`${text.padEnd(bytes - 3, 'x')}"}}`);
  return new Change('ADDED', new StoredEntry('default/a', revision, stored), undefined);
}

const eventOf = (revision: number, bytes: number): WatchEvent => ({
  type: 'ADDED',
  revision,
  entry: changeOf(revision, bytes).entry,
});

/** A watcher whose sink takes `takes` batches and then wants no more for now. */
function watcherOf({
  backlog = [],
  backlogIterator = backlog.values(),
  takes = Number.POSITIVE_INFINITY,
}: {
  backlog?: WatchEvent[];
  backlogIterator?: Iterator<WatchEvent>;
  takes?: number;
}) {
  const batches: number[][] = [];
  const ends: boolean[] = [];
  const watcher = new CacheWatcher({
    sink: {
      onEvents(events) {
        batches.push(events.map(({ revision }) => revision));
        if (batches.length >= takes) watcher.pause();
      },
      onEnd: () => undefined,
    },
    predicate: undefined,
    backlog: backlogIterator,
    afterRevision: 0,
    queueLimit: 5_000,
    queueBytes: 1_000_000,
    onOver: (slow) => void ends.push(slow),
  });
  return { watcher, batches, ends };
}

const revisions = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

test('small events go out together, but not too many of them', () => {
  const { watcher, batches } = watcherOf({ backlog: revisions(1, 200).map((revision) => eventOf(revision, 100)) });
  watcher.start();
  expect(batches).toEqual([revisions(1, 128), revisions(129, 200)]);
});

test.each(['the initial state', 'the queue'])('large events of %s go out a few at a time', (source) => {
  const events = revisions(1, 6);
  const fromState = source === 'the initial state';
  const { watcher, batches } = watcherOf({
    backlog: fromState ? events.map((revision) => eventOf(revision, 10_000)) : [],
    takes: 1,
  });
  if (!fromState) for (const revision of events) watcher.offer(changeOf(revision, 10_000));
  watcher.start();
  expect(batches).toEqual([[1, 2]]);
  watcher.resume();
  expect(batches).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test('one that is larger than a batch goes out alone', () => {
  const { watcher, batches } = watcherOf({ backlog: [eventOf(1, 500_000), eventOf(2, 500_000), eventOf(3, 200)] });
  watcher.start();
  expect(batches).toEqual([[1], [2], [3]]);
});

test('a watcher whose client does not read is over when too much waits', () => {
  const { watcher, batches, ends } = watcherOf({ takes: 1 });
  watcher.start();
  watcher.offer(changeOf(1, 400_000));
  watcher.flush();
  for (const revision of [2, 3]) watcher.offer(changeOf(revision, 400_000));
  expect(ends).toEqual([]);
  watcher.offer(changeOf(4, 400_000));
  expect([batches, ends]).toEqual([[[1]], [true]]);
});

test('what has gone out does not count as waiting', () => {
  const { watcher, batches, ends } = watcherOf({ takes: 1 });
  for (const revision of [1, 2]) watcher.offer(changeOf(revision, 400_000));
  watcher.start();
  watcher.offer(changeOf(3, 400_000));
  watcher.offer(changeOf(4, 100_000));
  expect([batches, ends]).toEqual([[[1]], []]);
});

/** Collects garbage now, whatever the flags of the process. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

test('the state that a watch began with is let go when it is sent, while the watch goes on', async () => {
  const sent = { state: { size: 0 } as object | undefined };
  const reference = new WeakRef(sent.state as object);
  const { watcher, batches } = watcherOf({ backlogIterator: eventsOf(sent) });
  sent.state = undefined;
  watcher.start();
  await new Promise(setImmediate);
  collectGarbage();
  expect(batches).toEqual([[1]]);
  expect(reference.deref()).toBeUndefined();
  watcher.offer(changeOf(2, 200));
  watcher.flush();
  expect(batches).toEqual([[1], [2]]);
});

/** A backlog that holds a state until it has ended. */
function eventsOf({ state }: { state: object | undefined }): Iterator<WatchEvent> {
  return (function* () {
    yield eventOf(1, 200);
    expect(state).toBeDefined();
  })();
}
