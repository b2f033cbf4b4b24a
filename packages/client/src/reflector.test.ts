import type { ResourceType } from '@kubelab/api/resource';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import { systemClock } from '@kubelab/component/clock';
import { eventually } from '@kubelab/testkit/eventually';
import type { KubeClient } from './client.js';
import { createInformer } from './reflector.js';
import { createClient } from './rest-client.js';
import { CollectionServer, status } from './testing/collection-server.js';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}
const configMaps: ResourceType<ConfigMap> = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};

let server: CollectionServer;
let client: KubeClient;
let stop: AbortController;
/** Real time, but nobody waits: the back-off is the reflector's own business. */
const clock = { ...systemClock, sleep: (_ms: number, signal?: AbortSignal) => systemClock.sleep(1, signal) };

beforeEach(async () => {
  server = await CollectionServer.start();
  client = createClient({ server: server.url });
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort(new Error('the test is over'));
  client.close();
  await server.close();
});

function startInformer() {
  const informer = createInformer(client, configMaps, { clock });
  const seen: string[] = [];
  informer.addHandlers({
    onAdd: ({ metadata, data }) => seen.push(`+${metadata.name}=${data?.['value']}`),
    onUpdate: (old, { metadata, data }) => seen.push(`~${metadata.name}=${old.data?.['value']}>${data?.['value']}`),
    onDelete: ({ metadata }) => seen.push(`-${metadata.name}`),
  });
  informer.start(stop.signal);
  const state = () => Object.fromEntries(informer.list().map(({ metadata, data }) => [metadata.name, data?.['value']]));
  return { informer, seen, state };
}
const watching = () => eventually(() => expect(server.watches).toBe(1), { intervalMs: 2 });
const sees = (seen: string[], expected: string[]) =>
  eventually(() => expect(seen).toEqual(expected), { intervalMs: 2 });

describe('an informer', () => {
  test('lists, then follows the watch', async () => {
    server.put('a', '1');
    const { informer, seen, state } = startInformer();
    expect(informer.hasSynced()).toBe(false);
    await informer.waitForSync();
    expect(seen).toEqual(['+a=1']);
    await watching();
    server.put('b', '1');
    server.put('a', '2');
    server.remove('b');
    await sees(seen, ['+a=1', '+b=1', '~a=1>2', '-b']);
    expect(state()).toEqual({ a: '2' });
    expect(informer.get('ns/a')).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(informer.list('other')).toEqual([]);
  });

  test('reads long lists in pages', async () => {
    for (let index = 0; index < 1201; index++) server.put(`m${index}`, 'x');
    const { informer } = startInformer();
    await informer.waitForSync();
    expect(informer.list()).toHaveLength(1201);
    expect(server.lists().map(({ query }) => query.get('continue'))).toEqual([null, '500', '1000']);
  });

  test.each(['end', 'cut', 'half-line'] as const)(
    'a stream that breaks (%s) goes on where it was: nothing lost, nothing twice',
    async (how) => {
      server.put('a', '1');
      const { seen } = startInformer();
      await watching();
      server.put('a', '2');
      await sees(seen, ['+a=1', '~a=1>2']);
      server.breakWatches(how);
      server.put('a', '3');
      server.put('b', '1');
      server.remove('a');
      await sees(seen, ['+a=1', '~a=1>2', '~a=2>3', '+b=1', '-a']);
      await watching();
      expect(server.lists()).toHaveLength(1);
    },
  );

  test('when its place is forgotten (410) it lists again and tells the difference only', async () => {
    for (const name of ['stays', 'changes', 'goes']) server.put(name, '1');
    const { seen, state } = startInformer();
    await watching();
    seen.length = 0;
    server.breakWatches('cut');
    server.put('changes', '2');
    server.remove('goes');
    server.put('comes', '1');
    server.compactedAt = 1_000;
    server.moveOn(1_000);
    await sees(seen, ['-goes', '~changes=1>2', '+comes=1']);
    expect(state()).toEqual({ stays: '1', changes: '2', comes: '1' });
    expect(server.lists()).toHaveLength(2);
  });

  test('410 in the middle of a watch', async () => {
    server.put('a', '1');
    const { seen } = startInformer();
    await watching();
    server.expireWatches();
    await watching();
    server.put('a', '2');
    await sees(seen, ['+a=1', '~a=1>2']);
    expect(server.lists()).toHaveLength(2);
  });

  test('bookmarks move its place on, so that a quiet collection need not be listed again', async () => {
    server.put('a', '1');
    const { informer, seen } = startInformer();
    await informer.waitForSync();
    await watching();
    server.moveOn(5_000);
    server.bookmark();
    server.compactedAt = 4_000;
    // Only after the bookmark has arrived does the place count.
    server.put('b', '1');
    await sees(seen, ['+a=1', '+b=1']);
    server.breakWatches('end');
    await watching();
    expect(server.lists()).toHaveLength(1);
    expect(server.requests.at(-1)?.query.get('allowWatchBookmarks')).toBe('true');
    expect(seen).toEqual(['+a=1', '+b=1']);
  });

  test('a server that says no is asked again', async () => {
    server.put('a', '1');
    let refusals = 3;
    server.intercept = (_request, response) => {
      if (refusals-- <= 0) return false;
      response.writeHead(503, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(status(503, 'ServiceUnavailable', 'starting')));
      return true;
    };
    const { informer, seen } = startInformer();
    await informer.waitForSync();
    expect(seen).toEqual(['+a=1']);
  });

  test('deletion is told with the last state; deleted and made again is two objects', async () => {
    server.put('a', '1');
    const { informer } = startInformer();
    const uids: string[] = [];
    informer.addHandlers({
      onAdd: ({ metadata }) => uids.push(`+${metadata.uid}`),
      onDelete: ({ metadata }) => uids.push(`-${metadata.uid}`),
    });
    await watching();
    server.remove('a');
    server.put('a', '2');
    await eventually(() => expect(uids).toHaveLength(3), { intervalMs: 2 });
    expect(uids[1]).toBe(`-${uids[0]?.slice(1)}`);
    expect(uids[2]).not.toBe(uids[0]);
  });

  test('handlers that come late are told what is there; one that throws does not harm the others', async () => {
    server.put('a', '1');
    const { informer, seen } = startInformer();
    await informer.waitForSync();
    const late: string[] = [];
    informer.addHandlers({
      onUpdate: () => {
        throw new Error('a bug');
      },
    });
    informer.addHandlers({
      onAdd: ({ metadata }) => late.push(metadata.name),
      onUpdate: ({ metadata }) => late.push(`~${metadata.name}`),
    });
    expect(late).toEqual(['a']);
    await watching();
    server.put('a', '2');
    await sees(late, ['a', '~a']);
    expect(seen).toHaveLength(2);
  });

  test('indexes follow changes', async () => {
    server.put('a', 'red');
    const { informer } = startInformer();
    informer.addIndex('colour', ({ data }) => [data?.['value'] ?? '']);
    await watching();
    expect(informer.byIndex('colour', 'red')).toHaveLength(1);
    server.put('a', 'blue');
    await eventually(() => expect(informer.byIndex('colour', 'blue')).toHaveLength(1), { intervalMs: 2 });
    expect(informer.byIndex('colour', 'red')).toEqual([]);
    expect(() => informer.byIndex('size', '1')).toThrow('there is no index "size"');
  });

  test('stops when told: the wait ends with the reason, the watch is closed', async () => {
    const { informer } = startInformer();
    await watching();
    stop.abort(new Error('enough'));
    await eventually(() => expect(server.watches).toBe(0), { intervalMs: 2 });
    const other = createInformer(client, configMaps, { clock });
    await expect(other.waitForSync(AbortSignal.timeout(1))).rejects.toThrow();
    expect(informer.hasSynced()).toBe(true);
  });
});
