import { CacheWatcher } from './cache-watcher.js';
import { encodeObject } from './encoding.js';
import { pod, Recorder } from './suite/fixtures.js';
import { putEvent } from './suite/scripted-etcd.js';
import { WatchCache } from './watch-cache.js';

function cacheAt(revision: number, historyBytes = 1_000_000) {
  const stream = { revision };
  const bad: string[] = [];
  const cache = new WatchCache({
    historyBytes,
    streamRevision: () => stream.revision,
    onBadObject: (key) => bad.push(key),
    onListenerError: (error) => bad.push(String(error)),
  });
  cache.load([], revision);
  const put = (key: string, value: unknown = 0): void => {
    stream.revision++;
    cache.apply(putEvent(key, stream.revision, encodeObject(pod(key, { value })).toString()));
    cache.flush();
  };
  return { cache, stream, bad, put };
}

function watcherOn(
  cache: WatchCache,
  queueLimit: number,
  queueBytes = 1_000_000,
): { recorder: Recorder; watcher: CacheWatcher } {
  const recorder = new Recorder();
  const watcher: CacheWatcher = new CacheWatcher({
    sink: recorder,
    predicate: undefined,
    backlog: [].values(),
    afterRevision: cache.revision,
    queueLimit,
    queueBytes,
    onOver: () => cache.watchers.remove(watcher, {}),
  });
  cache.watchers.add(watcher, {});
  watcher.start();
  return { recorder, watcher };
}

test('the history forgets its oldest changes when it grows too large, and knows it', () => {
  const { cache, put } = cacheAt(100, 10_000);
  for (let index = 0; index < 100; index++) put(`p${index}`);
  expect(cache.history.length).toBeLessThan(40);
  expect(cache.history.oldest).toBe(200 - cache.history.length);
  expect(cache.history.since(cache.history.oldest - 1)).toBeUndefined();
  expect(cache.history.since(cache.history.oldest)?.map(({ revision }) => revision)).toEqual(
    Array.from({ length: cache.history.length }, (_, index) => cache.history.oldest + 1 + index),
  );
  expect(cache.history.since(200)).toEqual([]);
});

test('a watcher whose client does not read is ended at the limit, others are not', () => {
  const { cache, put } = cacheAt(1);
  const [slow, quick] = [watcherOn(cache, 10), watcherOn(cache, 10)];
  slow.watcher.pause();
  for (let index = 0; index < 12; index++) put(`p${index}`);
  expect(slow.recorder).toMatchObject({ ended: true, events: [] });
  expect(slow.recorder.error).toBeUndefined();
  expect(quick.recorder.events).toHaveLength(12);
  expect(cache.watchers.size).toBe(1);
});

test('a watcher whose client does not read may keep so many bytes from being forgotten, and no more', () => {
  const { cache, put } = cacheAt(1);
  const { recorder, watcher } = watcherOn(cache, 1_000, 1);
  watcher.pause();
  put('one');
  expect(recorder.ended).toBe(false);
  put('two');
  expect(recorder).toMatchObject({ ended: true, events: [] });
});

test('bookmarks do not overtake events and are not below what the watcher asked for', () => {
  const { cache, put } = cacheAt(1);
  const { recorder, watcher } = watcherOn(cache, 10);
  watcher.sendBookmark({ type: 'BOOKMARK', revision: 0 });
  watcher.pause();
  put('a');
  watcher.sendBookmark({ type: 'BOOKMARK', revision: 2 });
  watcher.resume();
  watcher.sendBookmark({ type: 'BOOKMARK', revision: 2 });
  expect(recorder.lines).toEqual(['ADDED a@2', 'BOOKMARK@2']);
});

test('a sink that throws loses its watch', () => {
  const { cache, put } = cacheAt(1);
  let ended: Error | undefined;
  const watcher: CacheWatcher = new CacheWatcher({
    sink: {
      onEvents: () => {
        throw new Error('broken sink');
      },
      onEnd: (error) => {
        ended = error;
      },
    },
    predicate: undefined,
    backlog: [].values(),
    afterRevision: 1,
    queueLimit: 10,
    queueBytes: 1_000_000,
    onOver: () => cache.watchers.remove(watcher, {}),
  });
  cache.watchers.add(watcher, {});
  watcher.start();
  put('a');
  expect(ended).toMatchObject({ code: 500 });
  expect(cache.watchers.size).toBe(0);
});

test('what is not an object is left out, and deletes what was there', () => {
  const { cache, stream, bad, put } = cacheAt(1);
  put('a');
  const { recorder } = watcherOn(cache, 10);
  stream.revision++;
  cache.apply(putEvent('a', stream.revision, 'k8s protobuf'));
  cache.apply(putEvent('b', ++stream.revision, ''));
  cache.flush();
  expect(bad).toEqual(['a', 'b']);
  expect(recorder.lines).toEqual(['DELETED a@3']);
  expect(cache.entries.size).toBe(0);
});

test('a listener that throws disturbs nobody', () => {
  const { cache, bad, put } = cacheAt(1);
  const heard: string[] = [];
  cache.onChange(() => {
    throw new Error('deaf');
  });
  cache.onChange((type) => heard.push(type));
  put('a');
  expect(bad).toEqual(['Error: deaf']);
  expect(heard).toEqual(['ADDED']);
});

test('changes that come while the cache is filled are applied on top, older ones are not', () => {
  const { cache, stream } = cacheAt(1);
  cache.invalidate(1, 5);
  const value = (text: string): string => encodeObject(pod('a', { value: text })).toString();
  cache.apply(putEvent('a', 6, value('old')));
  cache.apply(putEvent('a', 8, value('new')));
  const entry = cache.entryOf({ key: 'a', modRevision: 7, value: Buffer.from(value('read')) });
  stream.revision = 8;
  const changes: string[] = [];
  cache.onChange((type, { revision }) => changes.push(`${type}@${revision}`));
  cache.load(entry ? [entry] : [], 7);
  expect(changes).toEqual(['ADDED@7', 'MODIFIED@8']);
  expect(cache.latest('a')?.object['spec']).toEqual({ value: 'new' });
});
