import { FakeClock } from '@kubelab/testkit/fake-clock';
import { StoredEntry } from './encoding.js';
import { PageSnapshots } from './page-snapshots.js';
import { type KeyRange, rangeOf, SortedEntries } from './sorted-entries.js';

function entriesOf(...keys: string[]): SortedEntries {
  const entries = new SortedEntries();
  for (const key of keys) entries.set(new StoredEntry(key, 1, Buffer.from('{}')));
  return entries;
}

/** Goes through all pages; gives what was said to remain after each. */
function remaining(snapshots: PageSnapshots, entries: SortedEntries, namespace: string | undefined, limit: number) {
  const rests: number[] = [];
  let counted = 0;
  const count = (range: KeyRange): number => {
    counted++;
    return entries.count(range);
  };
  const all = entries.toArray(rangeOf(namespace)).map(({ key }) => key);
  let range = rangeOf(namespace);
  for (let from = 0; from + limit < all.length; from += limit) {
    const next = all[from + limit] as string;
    rests.push(snapshots.restAfter(7, { range, length: limit, next }, count));
    range = { ...range, start: next };
  }
  return { rests, counted };
}

const entries = entriesOf('a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'b/1', 'b/2');

test('what remains is counted for the first page only', () => {
  const snapshots = new PageSnapshots(new FakeClock());
  snapshots.keep(7, entries);
  expect(remaining(snapshots, entries, undefined, 2)).toEqual({ rests: [5, 3, 1], counted: 1 });
  expect(remaining(snapshots, entries, 'a', 2)).toEqual({ rests: [3, 1], counted: 1 });
  expect(remaining(snapshots, entries, 'a', 1)).toEqual({ rests: [4, 3, 2, 1], counted: 1 });
});

test('without a snapshot it is counted each time', () => {
  expect(remaining(new PageSnapshots(new FakeClock()), entries, 'a', 1)).toEqual({ rests: [4, 3, 2, 1], counted: 4 });
});

test('a snapshot that nobody uses is forgotten', async () => {
  const clock = new FakeClock();
  const snapshots = new PageSnapshots(clock);
  snapshots.keep(7, entries);
  await clock.advance(31_000);
  snapshots.prune();
  expect(snapshots.get(7)).toBeUndefined();
});

test('a snapshot that is always used does not outlive the compaction of its revision', async () => {
  const clock = new FakeClock();
  const snapshots = new PageSnapshots(clock);
  snapshots.keep(7, entries);
  for (let seconds = 0; seconds <= 300; seconds += 20) {
    expect(snapshots.get(7)).toBeDefined();
    await clock.advance(20_000);
    snapshots.prune();
  }
  expect(snapshots.get(7)).toBeUndefined();
});
