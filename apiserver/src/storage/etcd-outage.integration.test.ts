import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import { connectEtcd } from './etcd/client.js';
import { type EtcdStorage, openStorage } from './etcd-storage.js';
import type { ResourceStore } from './store.js';
import { freshPlural, pod, podsOf, record, remove, valueIn, write } from './suite/fixtures.js';
import { TcpProxy } from './suite/tcp-proxy.js';

let etcd: TestEtcd;
let proxy: TcpProxy;
/** Reaches etcd through the proxy. */
let storage: EtcdStorage;
/** Reaches it always. */
let direct: EtcdStorage;
let pods: ResourceStore;
let others: ResourceStore;

beforeAll(async () => {
  etcd = await startEtcd();
  proxy = await TcpProxy.start(etcd.clientPort);
  storage = await openStorage({ endpoints: [proxy.endpoint], requestTimeoutMs: 1_500 });
  direct = await openStorage({ endpoints: [etcd.endpoint], requestTimeoutMs: 1_500 });
});

afterAll(async () => {
  await storage?.close();
  await direct?.close();
  await proxy?.stop();
  await etcd?.stop();
});

beforeEach(async () => {
  const plural = freshPlural();
  pods = podsOf(storage, plural);
  others = podsOf(direct, plural);
  await Promise.all([pods.ready(), others.ready()]);
});

const backTo = async (port: number): Promise<void> => {
  proxy.connectTo(port);
  await eventually(() => storage.healthy());
};

test('without etcd, requests fail clearly and the cache still serves what may be old', async () => {
  await pods.create('default/a', pod('a'));
  await pods.list();
  proxy.cut();
  const away = { code: expect.any(Number), name: 'StatusError' };
  await Promise.all([
    expect(pods.get('default/a')).rejects.toMatchObject({ code: 503, reason: 'ServiceUnavailable' }),
    expect(pods.list()).rejects.toMatchObject(away),
    expect(pods.create('default/b', pod('b'))).rejects.toMatchObject({ code: 503 }),
    expect(write(pods, 'default/a', { value: 1 })).rejects.toMatchObject({ code: 503 }),
    expect(storage.healthy()).rejects.toMatchObject({ code: 503 }),
  ]);
  expect(await pods.get('default/a', { resourceVersion: '0' })).toBeDefined();
  expect(pods.peek('default/a')).toBeDefined();
  await backTo(etcd.clientPort);
  expect(await pods.get('default/b')).toBeUndefined();
});

test('a request that begins during a short outage is answered after it', async () => {
  proxy.cut();
  await expect(storage.healthy()).rejects.toMatchObject({ code: 503 });
  const created = pods.create('default/a', pod('a'));
  const listed = pods.list();
  proxy.connectTo(etcd.clientPort);
  expect((await created).key).toBe('default/a');
  await listed;
  await eventually(() => storage.healthy());
});

test('a watch goes on after the connection broke, without loss and without doubles', async () => {
  const watch = await record(pods, {});
  await others.create('default/a', pod('a'));
  await watch.count(1);
  proxy.cut();
  await others.create('default/b', pod('b'));
  await remove(others, 'default/a');
  await backTo(etcd.clientPort);
  await others.create('default/c', pod('c'));
  await watch.count(4);
  expect(watch.names).toEqual(['ADDED a', 'ADDED b', 'DELETED a', 'ADDED c']);
  watch.watcher?.close();
});

test('changes that were compacted meanwhile end watches as expired; caches and listeners catch up', async () => {
  await others.create('default/a', pod('a'));
  await others.create('default/b', pod('b', { value: 1 }));
  await pods.list();
  const watch = await record(pods, {});
  await watch.count(2);
  const heard: string[] = [];
  const stop = pods.onChange((type, entry) => heard.push(`${type} ${entry.key}`));
  proxy.cut();
  await remove(others, 'default/a');
  await write(others, 'default/b', { value: 2 });
  await write(others, 'default/b', { value: 3 });
  const { revision } = await others.create('default/c', pod('c'));
  const client = connectEtcd({ endpoints: [etcd.endpoint] });
  await client.compact(revision);
  client.close();
  await backTo(etcd.clientPort);
  await watch.until(() => watch.ended);
  expect(watch.error).toMatchObject({
    code: 410,
    reason: 'Expired',
    message: expect.stringMatching(/^too old resource version: \d+ \(\d+\)$/),
  });
  expect(watch.events).toHaveLength(2);
  const page = await pods.list();
  expect(page.entries.map((entry) => [entry.key, valueIn(entry)])).toEqual([
    ['default/b', 3],
    ['default/c', 0],
  ]);
  expect(heard.sort()).toEqual(['ADDED default/c', 'DELETED default/a', 'MODIFIED default/b']);
  stop();
});

test('another etcd in the same place is noticed', async () => {
  await pods.create('default/old', pod('old'));
  const watch = await record(pods, {});
  await watch.count(1);
  await using fresh = await startEtcd();
  proxy.cut();
  await backTo(fresh.clientPort);
  await watch.until(() => watch.ended);
  expect(watch.error).toMatchObject({ code: 410 });
  expect((await pods.list()).entries).toEqual([]);
  await pods.create('default/new', pod('new'), { ttlSeconds: 60 });
  expect((await pods.list()).entries).toHaveLength(1);
  proxy.cut();
  await backTo(etcd.clientPort);
});

test('a storage that finds no etcd says so', async () => {
  await expect(
    openStorage({ endpoints: ['http://127.0.0.1:1'], requestTimeoutMs: 200, startTimeoutMs: 400 }),
  ).rejects.toMatchObject({
    code: 503,
    message: expect.stringContaining('storage is not available'),
  });
});

test('writes that were acknowledged survive when etcd is killed', async () => {
  const acknowledged: string[] = [];
  let stopped = false;
  const writer = (async () => {
    for (let index = 0; !stopped; index++) {
      await others.create(`default/k${index}`, pod(`k${index}`)).then(
        ({ key }) => acknowledged.push(key),
        () => undefined,
      );
    }
  })();
  await eventually(() => expect(acknowledged.length).toBeGreaterThan(50));
  await etcd.kill();
  await etcd.restart();
  const before = acknowledged.length;
  await eventually(() => expect(acknowledged.length).toBeGreaterThan(before + 10));
  stopped = true;
  await writer;
  const kept = new Set((await others.list()).entries.map(({ key }) => key));
  expect(acknowledged.filter((key) => !kept.has(key))).toEqual([]);
});
