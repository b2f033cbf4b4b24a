import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import type { KeyEvent } from './etcd-client.js';
import { putEvent, ScriptedEtcd } from './suite/scripted-etcd.js';
import { WatchStream } from './watch-stream.js';

async function start() {
  const etcd = new ScriptedEtcd();
  const clock = new FakeClock();
  const batches: [string[], number][] = [];
  const resets: [number, number][] = [];
  const broken: string[] = [];
  const stream = new WatchStream({
    client: etcd.client,
    clock,
    onEvents: (events: readonly KeyEvent[], revision) =>
      batches.push([events.map(({ key, revision: at }) => `${key}@${at}`), revision]),
    onReset: (seen, revision) => resets.push([seen, revision]),
    onBroken: (error) => broken.push(error.message),
  });
  await stream.start();
  await settle();
  return { etcd, clock, stream, batches, resets, broken };
}

test('begins after the revision etcd has', async () => {
  const { etcd, stream } = await start();
  expect(etcd.current.startRevision).toBe(11);
  expect(stream).toMatchObject({ seen: 10, connected: false });
  etcd.send({ created: true, revision: 12 });
  expect(stream).toMatchObject({ seen: 10, connected: true });
  await stream.close();
});

test('fragments are one batch, and the revision is not seen before the last of them', async () => {
  const { etcd, stream, batches } = await start();
  etcd.send({ created: true }, { events: [putEvent('a', 11), putEvent('b', 12)], fragment: true });
  expect(stream.seen).toBe(10);
  etcd.send({ events: [putEvent('c', 12)], revision: 15 });
  expect(batches).toEqual([[['a@11', 'b@12', 'c@12'], 12]]);
  await stream.close();
});

test('fragments of a broken stream are forgotten and asked for again', async () => {
  const { etcd, stream, clock, batches } = await start();
  etcd.send({ created: true }, { events: [putEvent('a', 11)] }, { events: [putEvent('b', 12)], fragment: true });
  etcd.current.onEnd(new Error('gone'));
  await settle();
  await clock.advance(2_000);
  expect(etcd.current.startRevision).toBe(12);
  etcd.send({ created: true }, { events: [putEvent('b', 12)] });
  expect(batches).toEqual([
    [['a@11'], 11],
    [['b@12'], 12],
  ]);
  await stream.close();
});

test('what comes a second time is left out', async () => {
  const { etcd, stream, batches } = await start();
  etcd.send(
    { created: true },
    { events: [putEvent('a', 11)] },
    { events: [putEvent('a', 11), putEvent('b', 12)] },
    { events: [putEvent('b', 12)] },
  );
  expect(batches).toEqual([
    [['a@11'], 11],
    [['b@12'], 12],
  ]);
  await stream.close();
});

test('a progress report moves on, but not past fragments that are open', async () => {
  const { etcd, stream } = await start();
  etcd.send({ created: true }, { revision: 14 });
  expect(stream.seen).toBe(14);
  etcd.send({ events: [putEvent('a', 15)], fragment: true }, { revision: 20 });
  expect(stream.seen).toBe(14);
  await stream.close();
});

test('waits for a revision until it is seen or the time is over', async () => {
  const { etcd, stream, clock } = await start();
  etcd.send({ created: true });
  const [soon, late] = [stream.waitFor(11, 1_000), stream.waitFor(12, 1_000)];
  etcd.send({ events: [putEvent('a', 11)] });
  await expect(soon).resolves.toBe(true);
  await clock.advance(1_000);
  await expect(late).resolves.toBe(false);
  await expect(stream.waitFor(10, 1_000)).resolves.toBe(true);
  await stream.close();
});

test('compaction of what is missing resets at the newest revision', async () => {
  const { etcd, stream, resets } = await start();
  etcd.revision = 30;
  etcd.send({ created: true }, { canceled: true, compactRevision: 25 });
  await settle();
  expect(resets).toEqual([[10, 30]]);
  expect(etcd.current.startRevision).toBe(31);
  await stream.close();
});

test.each([
  ['an etcd that lost its newest data', { revision: 7, clusterId: 'one' }, 7],
  ['another etcd, even a newer one', { revision: 50, clusterId: 'two' }, 50],
])('%s resets', async (_, next, revision) => {
  const { etcd, stream, clock, resets } = await start();
  Object.assign(etcd, next);
  etcd.current.onEnd(new Error('gone'));
  await settle();
  await clock.advance(2_000);
  expect(resets).toEqual([[10, revision]]);
  expect(stream.seen).toBe(revision);
  await stream.close();
});

test('a watch that etcd refuses is tried again after a pause', async () => {
  const { etcd, stream, clock, broken } = await start();
  etcd.send({ created: true, canceled: true, cancelReason: 'no leader' });
  await settle();
  expect(broken).toEqual(['etcd ended the watch: no leader']);
  expect(etcd.watches).toHaveLength(1);
  await clock.advance(1_000);
  expect(etcd.watches).toHaveLength(2);
  await stream.close();
});

test('a stream that hangs can be given up for a new one', async () => {
  const { etcd, stream, clock, broken } = await start();
  etcd.send({ created: true });
  stream.reconnect(new Error('lags'));
  expect(stream.connected).toBe(false);
  await settle();
  await clock.advance(1_000);
  expect(broken).toEqual(['lags']);
  expect(etcd.watches).toHaveLength(2);
  await stream.close();
});
