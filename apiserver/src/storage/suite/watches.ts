/** What a watch promises. */

import type { ResourceStore, WatchOptions } from '../store.js';
import { freshPlural, hasLabel, pod, podsOf, record, remove, type StorageUnderTest, write } from './fixtures.js';

export function describeWatches(subject: () => StorageUnderTest): void {
  let pods: ResourceStore;
  let others: ResourceStore;

  beforeEach(() => {
    const plural = freshPlural();
    pods = podsOf(subject().storage, plural);
    others = podsOf(subject().other, plural);
  });

  test('a watch shows the newest state and then every change once', async () => {
    const a = await others.create('default/a', pod('a'));
    const watch = await record(pods, {});
    const b = await others.create('default/b', pod('b'));
    const b2 = await write(others, 'default/b', { value: 1 });
    const gone = await remove(others, 'default/a');
    await watch.count(4);
    expect(watch.lines).toEqual([
      `ADDED default/a@${a.revision}`,
      `ADDED default/b@${b.revision}`,
      `MODIFIED default/b@${b2.revision}`,
      `DELETED default/a@${gone.revision}`,
    ]);
    expect(watch.events[3]?.entry?.object.metadata.resourceVersion).toBe(String(gone.revision));
    watch.watcher?.close();
    expect(watch).toMatchObject({ ended: true, error: undefined });
  });

  test('a released resource ends its watches and begins anew', async () => {
    const plural = freshPlural();
    const first = podsOf(subject().storage, plural);
    const a = await first.create('default/a', pod('a'));
    const watch = await record(first, {});
    await watch.count(1);
    subject().storage.release(`example.com/${plural}`);
    expect(watch).toMatchObject({ ended: true, error: undefined });
    const second = podsOf(subject().storage, plural);
    expect(second).not.toBe(first);
    expect((await second.get('default/a'))?.revision).toBe(a.revision);
    const next = await record(second, { resourceVersion: String(a.revision) });
    await second.create('default/b', pod('b'));
    await next.count(1);
    next.watcher?.close();
  });

  test('a watch from a revision shows only what came after it', async () => {
    const a = await pods.create('default/a', pod('a'));
    const b = await pods.create('default/b', pod('b'));
    const gone = await remove(pods, 'default/a');
    const watch = await record(pods, { resourceVersion: String(a.revision) });
    const c = await pods.create('default/c', pod('c'));
    await watch.count(3);
    expect(watch.lines).toEqual([
      `ADDED default/b@${b.revision}`,
      `DELETED default/a@${gone.revision}`,
      `ADDED default/c@${c.revision}`,
    ]);
    watch.watcher?.close();
  });

  test('list and watch leave no gap while others write', async () => {
    await pods.ready();
    const writer = (async () => {
      for (let index = 0; index < 50; index++) await others.create(`default/p${index}`, pod(`p${index}`));
    })();
    const recorders = [];
    for (let index = 0; index < 5; index++) {
      const page = await pods.list();
      recorders.push({ page, watch: await record(pods, { resourceVersion: String(page.revision) }) });
    }
    await writer;
    for (const { page, watch } of recorders) {
      await watch.count(50 - page.entries.length);
      expect(page.entries.length + watch.events.length).toBe(50);
      watch.watcher?.close();
    }
  });

  test('several watches share one entry per event', async () => {
    const [one, two] = [await record(pods, {}), await record(pods, { namespace: 'default' })];
    await others.create('default/a', pod('a'));
    await Promise.all([one.count(1), two.count(1)]);
    expect(one.events[0]?.entry).toBe(two.events[0]?.entry);
    expect(one.events[0]).toBe(two.events[0]);
    for (const { watcher } of [one, two]) watcher?.close();
  });

  test.each([
    ['a namespace', { namespace: 'x' }, ['ADDED a', 'ADDED b', 'MODIFIED a']],
    ['one object', { namespace: 'x', name: 'a' }, ['ADDED a', 'MODIFIED a']],
    ['one name in all namespaces', { name: 'a' }, ['ADDED a', 'ADDED a', 'MODIFIED a']],
  ] as [string, WatchOptions, string[]][])('a watch may be limited to %s', async (_, options, expected) => {
    await pods.create('x/a', pod('a', { namespace: 'x' }));
    const watch = await record(pods, options);
    await pods.create('x/b', pod('b', { namespace: 'x' }));
    await pods.create('y/a', pod('a', { namespace: 'y' }));
    await pods.create('xx/a1', pod('a1', { namespace: 'xx' }));
    await write(pods, 'x/a', { value: 1 });
    await watch.until(() => watch.names.includes('MODIFIED a'));
    expect(watch.names).toEqual(expected);
    watch.watcher?.close();
  });

  test('a predicate turns changes into additions and deletions', async () => {
    await pods.create('default/a', pod('a', { label: 'in' }));
    await pods.create('default/b', pod('b', { label: 'out' }));
    const watch = await record(pods, { predicate: hasLabel('in') });
    await write(pods, 'default/a', { value: 1 });
    const left = await write(pods, 'default/a', { label: 'out', value: 2 });
    await write(pods, 'default/a', { value: 3 });
    await write(pods, 'default/b', { label: 'in' });
    await remove(pods, 'default/a');
    await remove(pods, 'default/b');
    await watch.count(5);
    expect(watch.names).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b', 'DELETED b']);
    // The last state that matched, with the revision at which it ceased to.
    expect(watch.events[2]?.entry?.object).toMatchObject({
      metadata: { labels: { app: 'in' }, resourceVersion: String(left.revision) },
      spec: { value: 1 },
    });
    watch.watcher?.close();
  });

  test('a predicate also decides what a watch of the past shows', async () => {
    const a = await pods.create('default/a', pod('a', { label: 'out' }));
    await write(pods, 'default/a', { label: 'in' });
    await pods.create('default/b', pod('b', { label: 'out' }));
    await write(pods, 'default/a', { label: 'out' });
    const watch = await record(pods, { resourceVersion: String(a.revision), predicate: hasLabel('in') });
    await watch.count(2);
    expect(watch.names).toEqual(['ADDED a', 'DELETED a']);
    watch.watcher?.close();
  });

  test('a predicate that throws ends its watch alone', async () => {
    const bad = await record(pods, {
      predicate: () => {
        throw new Error('broken');
      },
    });
    const good = await record(pods, {});
    await pods.create('default/a', pod('a'));
    await Promise.all([good.count(1), bad.until(() => bad.ended)]);
    expect(bad.error).toMatchObject({ code: 500, reason: 'InternalError' });
    good.watcher?.close();
  });

  test('initial events end with a bookmark', async () => {
    await pods.create('default/a', pod('a'));
    const { revision } = await pods.list();
    const watch = await record(pods, {
      sendInitialEvents: true,
      allowBookmarks: true,
      resourceVersion: String(revision),
    });
    await watch.count(2);
    await pods.create('default/b', pod('b'));
    await watch.count(3);
    expect(watch.names).toEqual(['ADDED a', 'BOOKMARK', 'ADDED b']);
    expect(watch.events[1]).toMatchObject({ initialEventsEnd: true });
    expect(watch.events[1]?.revision).toBeGreaterThanOrEqual(revision);
    watch.watcher?.close();
  });

  test('without initial events a watch begins with the next change', async () => {
    await pods.create('default/a', pod('a'));
    const watch = await record(pods, { sendInitialEvents: false });
    await pods.create('default/b', pod('b'));
    await watch.count(1);
    expect(watch.names).toEqual(['ADDED b']);
    watch.watcher?.close();
  });

  test('a watch from a revision that is not remembered has expired', async () => {
    await pods.create('default/a', pod('a'));
    await pods.ready();
    const watch = await record(pods, { resourceVersion: '1' });
    await watch.until(() => watch.ended);
    expect(watch.error).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/),
    });
  });

  test('initial events not older than a revision of the future end the watch', async () => {
    const watch = await record(pods, { resourceVersion: '1000000000', sendInitialEvents: true });
    await watch.until(() => watch.ended);
    expect(watch.error).toMatchObject({ code: 504, reason: 'Timeout' });
  });

  test('a watch with a resourceVersion that is none is a bad request', async () => {
    await expect(record(pods, { resourceVersion: 'x' })).rejects.toMatchObject({ code: 400 });
  });

  test('a watch from a revision of the future shows only what comes after it', async () => {
    const a = await pods.create('default/a', pod('a'));
    const watch = await record(pods, { resourceVersion: String(a.revision + 2) });
    await pods.create('default/b', pod('b'));
    await pods.create('default/c', pod('c'));
    await pods.create('default/d', pod('d'));
    await watch.count(1);
    expect(watch.names[0]).toBe('ADDED d');
    watch.watcher?.close();
  });

  test('a paused watch keeps its events in order', async () => {
    const watch = await record(pods, {});
    watch.watcher?.pause();
    for (let index = 0; index < 200; index++) await pods.create(`default/p${index}`, pod(`p${index}`));
    await pods.list();
    expect(watch.events).toEqual([]);
    watch.watcher?.resume();
    await watch.count(200);
    expect(watch.names).toEqual(Array.from({ length: 200 }, (_, index) => `ADDED p${index}`));
    watch.watcher?.close();
  });

  test('a closed watch says nothing more', async () => {
    const watch = await record(pods, {});
    watch.watcher?.close();
    watch.watcher?.close();
    await pods.create('default/a', pod('a'));
    await pods.list();
    expect(watch).toMatchObject({ events: [], ended: true, error: undefined });
  });
}
