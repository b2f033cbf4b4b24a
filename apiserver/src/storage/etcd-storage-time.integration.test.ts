import { startEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { Registry } from 'prom-client';
import { openStorage } from './etcd-storage.js';
import { pod, podsOf, record, write } from './suite/fixtures.js';

const minute = 60_000;

test('what happens with time: bookmarks, compaction, metrics', async () => {
  await using etcd = await startEtcd();
  const clock = new FakeClock();
  const registry = new Registry();
  const storage = await openStorage({ endpoints: [etcd.endpoint], clock, registry });
  try {
    const pods = podsOf(storage, 'pods');
    const first = await pods.create('default/a', pod('a'));
    const watch = await record(pods, { allowBookmarks: true });
    const silent = await record(pods, {});
    await watch.count(1);

    const elsewhere = await podsOf(storage, 'others').create('default/x', pod('x'));
    await pods.list();
    await clock.advance(minute);
    expect(watch.lines).toEqual([`ADDED default/a@${first.revision}`, `BOOKMARK@${elsewhere.revision}`]);
    expect(silent.lines).toHaveLength(1);

    await write(pods, 'default/a', { value: 1 });
    const exact = (): Promise<unknown> =>
      pods.list({ resourceVersion: String(first.revision), resourceVersionMatch: 'Exact' });
    await exact();
    await eventually(async () => {
      await clock.advance(5 * minute);
      await expect(exact()).rejects.toMatchObject({ code: 410 });
    });
    watch.watcher?.close();
    silent.watcher?.close();

    await eventually(async () => {
      await clock.advance(10_000);
      const text = await registry.metrics();
      expect(text).toContain('apiserver_storage_objects{resource="pods.example.com"} 1');
      expect(text).toMatch(
        /etcd_request_duration_seconds_count\{operation="create",group="example.com",resource="pods"\} 1/,
      );
      expect(text).toMatch(/apiserver_watch_cache_events_received_total\{group="example.com",resource="pods"\} [12]/);
      expect(text).toMatch(/apiserver_storage_size_bytes [1-9]/);
    });
  } finally {
    await storage.close();
  }
  expect(clock.pending).toBe(0);
});
