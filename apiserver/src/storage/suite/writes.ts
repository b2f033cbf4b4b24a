/** What create, update and delete promise. */

import type { Entry, ResourceStore } from '../store.js';
import {
  changed,
  freshPlural,
  pod,
  podsOf,
  record,
  remove,
  type StorageUnderTest,
  valueIn,
  write,
} from './fixtures.js';

export function describeWrites(subject: () => StorageUnderTest): void {
  let pods: ResourceStore;
  let others: ResourceStore;
  let plural: string;

  beforeEach(() => {
    plural = freshPlural();
    pods = podsOf(subject().storage, plural);
    others = podsOf(subject().other, plural);
  });

  test('a created object comes back with its revision, kind first', async () => {
    const created = await pods.create('default/a', pod('a', { value: 'ü' }));
    const text = created.bytes.toString();
    expect(text.startsWith('{"kind":"Pod","apiVersion":"v1","metadata":{')).toBe(true);
    expect(JSON.parse(text)).toEqual({
      ...pod('a', { value: 'ü' }),
      metadata: { ...pod('a').metadata, resourceVersion: String(created.revision) },
    });
    expect(created.object).toEqual(JSON.parse(text));
    const item = JSON.parse(`{${created.bytes.subarray(created.itemOffset).toString()}`);
    expect(item).toEqual({ metadata: created.object.metadata, spec: { value: 'ü' } });
    expect(await pods.get('default/a')).toMatchObject({ key: 'default/a', revision: created.revision });
  });

  test('a resourceVersion in a new object is ignored', async () => {
    const object = pod('a');
    object.metadata.resourceVersion = '7';
    const created = await pods.create('default/a', object);
    expect(created.object.metadata.resourceVersion).toBe(String(created.revision));
    expect(created.bytes.toString().match(/resourceVersion/g)).toHaveLength(1);
  });

  test('kind and apiVersion are filled in where they are missing', async () => {
    const created = await pods.create('default/a', { ...pod('a'), kind: '', apiVersion: '' });
    expect(created.object).toMatchObject({ kind: 'Pod', apiVersion: 'v1' });
  });

  test('an existing object is not created again', async () => {
    await pods.create('default/a', pod('a'));
    await expect(others.create('default/a', pod('a'))).rejects.toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: `${plural}.example.com "a" already exists`,
    });
  });

  test('an update writes what the updater makes of the newest state', async () => {
    await pods.create('default/a', pod('a', { value: 1 }));
    await write(others, 'default/a', { value: 2 });
    const seen: unknown[] = [];
    const updated = await pods.update('default/a', (current) => {
      seen.push(valueIn(current));
      return { action: 'write', object: changed(current, { value: 3 }) };
    });
    expect(seen[seen.length - 1]).toBe(2);
    expect(updated?.object['spec']).toEqual({ value: 3 });
  });

  test('no update is lost when many write the same object through two servers', async () => {
    await pods.create('default/a', pod('a', { value: 0 }));
    const increment = (store: ResourceStore): Promise<Entry | undefined> =>
      store.update('default/a', (current) => {
        const value = Number(valueIn(current)) + 1;
        return { action: 'write', object: changed(current, { value }) };
      });
    await Promise.all(Array.from({ length: 40 }, (_, index) => increment(index % 2 ? pods : others)));
    expect((await pods.get('default/a'))?.object['spec']).toEqual({ value: 40 });
  });

  test('writing the same again keeps the revision, also when the cache is behind', async () => {
    const created = await pods.create('default/a', pod('a', { value: 1 }));
    expect((await write(pods, 'default/a', { value: 1 })).revision).toBe(created.revision);
    const newer = await write(others, 'default/a', { value: 2 });
    expect((await write(pods, 'default/a', { value: 2 })).revision).toBe(newer.revision);
  });

  test('a missing object is not found unless create is asked for', async () => {
    const updater = (): { action: 'write'; object: ReturnType<typeof pod> } => ({ action: 'write', object: pod('a') });
    await expect(pods.update('default/a', updater)).rejects.toMatchObject({
      code: 404,
      message: `${plural}.example.com "a" not found`,
    });
    await expect(remove(pods, 'default/a')).rejects.toMatchObject({ code: 404 });
    expect(await pods.update('default/a', () => ({ action: 'keep' }))).toBeUndefined();
    expect((await pods.update('default/a', updater, { create: true }))?.object.metadata.name).toBe('a');
  });

  test('an error of the updater counts only for the newest state', async () => {
    await pods.create('default/a', pod('a', { value: 'old' }));
    await write(others, 'default/a', { value: 'new' });
    const updated = await pods.update('default/a', (current) => {
      if (valueIn(current) === 'old') throw new Error('refused');
      return { action: 'write', object: changed(current, { value: 'newest' }) };
    });
    expect(updated?.object['spec']).toEqual({ value: 'newest' });
    const refuse = (): never => {
      throw new Error('refused');
    };
    await expect(pods.update('default/a', refuse)).rejects.toThrow('refused');
  });

  test('keep returns the newest state', async () => {
    await pods.create('default/a', pod('a'));
    const newest = await write(others, 'default/a', { value: 5 });
    expect((await pods.update('default/a', () => ({ action: 'keep' })))?.revision).toBe(newest.revision);
  });

  test('a deletion gives the last state with its own revision, and the name is free again', async () => {
    const created = await pods.create('default/a', pod('a', { value: 'last' }));
    const deleted = await remove(pods, 'default/a');
    expect(deleted.revision).toBeGreaterThan(created.revision);
    expect(deleted.object).toMatchObject({
      spec: { value: 'last' },
      metadata: { resourceVersion: String(deleted.revision) },
    });
    expect(await others.get('default/a')).toBeUndefined();
    await pods.create('default/a', pod('a'));
  });

  test('an update right after a deletion does not see the old state', async () => {
    await pods.create('default/a', pod('a'));
    await remove(pods, 'default/a');
    expect(
      await pods.update('default/a', (current) => (current ? { action: 'delete' } : { action: 'keep' })),
    ).toBeUndefined();
  });

  test('an object with a time to live goes by itself', async () => {
    const watch = await record(pods, {});
    await pods.create('default/a', pod('a'), { ttlSeconds: 1 });
    await pods.create('default/b', pod('b'));
    await watch.until(() => watch.names.includes('DELETED a'));
    expect(await pods.get('default/a')).toBeUndefined();
    expect(await pods.get('default/b')).toBeDefined();
    watch.watcher?.close();
  });

  test.each([
    ['a name that looks like markup', 'a"b<c>'],
    ['a name beyond ASCII', 'grüße-\u{1f600}'],
    ['a name like a prototype', '__proto__'],
  ])('%s is kept as it is', async (_, name) => {
    await pods.create(`default/${name}`, pod(name));
    expect((await pods.get(`default/${name}`))?.object.metadata.name).toBe(name);
    expect((await others.list()).entries).toHaveLength(1);
  });
}
