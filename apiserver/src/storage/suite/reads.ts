/** What get and list promise: upstream's table of resourceVersion semantics, and paging. */

import { encodeContinue } from '../continue-token.js';
import type { Entry, ListOptions, Page, ResourceStore } from '../store.js';
import {
  freshPlural,
  hasLabel,
  names,
  pod,
  podsOf,
  remove,
  type StorageUnderTest,
  valueIn,
  write,
} from './fixtures.js';

const future = 1_000_000_000;

async function pagesOf(store: ResourceStore, options: ListOptions): Promise<Page[]> {
  const pages: Page[] = [];
  for (let page = await store.list(options); ; page = await store.list({ ...options, continue: page.continue ?? '' })) {
    pages.push(page);
    if (page.continue === undefined) return pages;
  }
}

export function describeReads(subject: () => StorageUnderTest): void {
  let pods: ResourceStore;
  let others: ResourceStore;

  beforeEach(() => {
    const plural = freshPlural();
    pods = podsOf(subject().storage, plural);
    others = podsOf(subject().other, plural);
  });

  const fill = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const name = `p${String(index).padStart(3, '0')}`;
      const namespace = index % 2 === 0 ? 'even' : 'odd';
      await pods.create(`${namespace}/${name}`, pod(name, { namespace, label: index % 3 === 0 ? 'third' : '' }));
    }
  };

  test('get and list without a resourceVersion see what another server has just written', async () => {
    await pods.ready();
    for (let index = 0; index < 20; index++) {
      const { revision } = await others.create(`default/p${index}`, pod(`p${index}`));
      expect((await pods.get(`default/p${index}`))?.revision).toBe(revision);
      const page = await pods.list();
      expect(page.entries).toHaveLength(index + 1);
      expect(page.revision).toBeGreaterThanOrEqual(revision);
    }
  });

  test('one client never sees time go backwards, whatever it asks and whichever server', async () => {
    await pods.create('default/a', pod('a', { value: 0 }));
    await others.ready();
    let over = false;
    const writer = (async () => {
      for (let value = 1; !over; value++) await write(others, 'default/a', { value });
    })();
    let seen = 0;
    const see = (revision: number | undefined, value: unknown): void => {
      expect(revision).toBeGreaterThanOrEqual(seen);
      seen = Math.max(seen, revision ?? 0);
      values.push(Number(value));
    };
    const values: number[] = [];
    const seeEntry = (entry: Entry | undefined): void => see(entry?.revision, valueIn(entry));
    for (let round = 0; round < 20; round++) {
      seeEntry(await pods.get('default/a'));
      seeEntry(await pods.get('default/a', { resourceVersion: '0' }));
      // Another server may be behind: a client says what it has seen.
      seeEntry(await others.get('default/a', { resourceVersion: String(seen) }));
      const listed = await pods.list({ resourceVersion: String(seen) });
      expect(listed.revision).toBeGreaterThanOrEqual(seen);
      seeEntry(listed.entries[0]);
      const any = await pods.list({ resourceVersion: '0' });
      expect(any.revision).toBeGreaterThanOrEqual(listed.revision);
      seeEntry(any.entries[0]);
    }
    over = true;
    await writer;
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });

  test('a list is sorted by key and may be limited to a namespace', async () => {
    await fill(5);
    await pods.create('even-more/x', pod('x', { namespace: 'even-more' }));
    expect(names((await pods.list()).entries)).toEqual([
      'even-more/x',
      'even/p000',
      'even/p002',
      'even/p004',
      'odd/p001',
      'odd/p003',
    ]);
    expect(names((await pods.list({ namespace: 'even' })).entries)).toEqual(['even/p000', 'even/p002', 'even/p004']);
    expect((await pods.list({ namespace: 'none' })).entries).toEqual([]);
  });

  test('a predicate chooses', async () => {
    await fill(7);
    const page = await pods.list({ predicate: hasLabel('third') });
    expect(names(page.entries)).toEqual(['even/p000', 'even/p006', 'odd/p003']);
    expect(page.remainingItemCount).toBeUndefined();
  });

  test('resourceVersion 0 gives any state at once, whole', async () => {
    await fill(3);
    await pods.list();
    expect((await pods.list({ resourceVersion: '0', limit: 1 })).entries).toHaveLength(3);
    expect(await pods.get('even/p000', { resourceVersion: '0' })).toBeDefined();
  });

  test('a resourceVersion is a lower bound', async () => {
    const { revision } = await others.create('default/a', pod('a'));
    const resourceVersion = String(revision);
    expect((await pods.get('default/a', { resourceVersion }))?.revision).toBe(revision);
    expect((await pods.list({ resourceVersion })).entries).toHaveLength(1);
    expect((await pods.list({ resourceVersion, resourceVersionMatch: 'NotOlderThan', limit: 1 })).entries).toHaveLength(
      1,
    );
  });

  test('a revision of the future is refused after a while', async () => {
    const tooLarge = {
      code: 504,
      reason: 'Timeout',
      message: expect.stringMatching(/^Timeout: Too large resource version: 1000000000, current: \d+$/),
      details: {
        retryAfterSeconds: 1,
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      },
    };
    const resourceVersion = String(future);
    await Promise.all([
      expect(pods.get('default/a', { resourceVersion })).rejects.toMatchObject(tooLarge),
      expect(pods.list({ resourceVersion })).rejects.toMatchObject(tooLarge),
      expect(pods.list({ resourceVersion, resourceVersionMatch: 'Exact' })).rejects.toMatchObject(tooLarge),
    ]);
  });

  test('an exact revision gives the state of then', async () => {
    const first = await pods.create('default/a', pod('a', { value: 1 }));
    await write(pods, 'default/a', { value: 2 });
    await pods.create('default/b', pod('b'));
    const page = await pods.list({ resourceVersion: String(first.revision), resourceVersionMatch: 'Exact' });
    expect(page.revision).toBe(first.revision);
    expect(page.entries.map(({ object }) => object['spec'])).toEqual([{ value: 1 }]);
    const paged = await pods.list({ resourceVersion: String(first.revision), limit: 10 });
    expect(paged.entries).toHaveLength(1);
  });

  test('an exact revision that was compacted is gone', async () => {
    const first = await pods.create('default/a', pod('a', { value: 1 }));
    await write(pods, 'default/a', { value: 2 });
    await subject().compact();
    await expect(
      pods.list({ resourceVersion: String(first.revision), resourceVersionMatch: 'Exact' }),
    ).rejects.toMatchObject({
      code: 410,
      reason: 'Expired',
      message: 'The resourceVersion for the provided list is too old.',
    });
  });

  test.each([
    ['all', {}],
    ['one namespace', { namespace: 'even' }],
    ['with a predicate', { predicate: hasLabel('third') }],
  ])('pages together are the list: %s', async (_, options) => {
    await fill(23);
    const whole = await pods.list(options);
    for (const limit of [1, 4, 5, 23, 100]) {
      const pages = await pagesOf(pods, { ...options, limit });
      expect(pages.flatMap(({ entries }) => names(entries))).toEqual(names(whole.entries));
      expect(new Set(pages.map(({ revision }) => revision)).size).toBe(1);
      for (const page of pages.slice(0, -1)) expect(page.entries).toHaveLength(limit);
    }
  });

  test('the first page says how many remain', async () => {
    await fill(10);
    expect((await pods.list({ limit: 4 })).remainingItemCount).toBe(6);
    expect((await pods.list({ limit: 4, namespace: 'odd' })).remainingItemCount).toBe(1);
    expect((await pods.list({ limit: 10 })).remainingItemCount).toBeUndefined();
  });

  test('later pages show the state of the first, through another server as well', async () => {
    await fill(6);
    const first = await pods.list({ limit: 2 });
    await remove(pods, 'even/p004');
    await pods.create('even/p0041', pod('p0041', { namespace: 'even' }));
    for (const store of [pods, others]) {
      const rest = await store.list({ continue: first.continue ?? '' });
      expect(rest.revision).toBe(first.revision);
      expect(names(rest.entries)).toEqual(['even/p004', 'odd/p001', 'odd/p003', 'odd/p005']);
      const second = await store.list({ continue: first.continue ?? '', limit: 1 });
      expect(second.remainingItemCount).toBe(3);
    }
  });

  test('a continue token of a compacted revision is answered with one that goes on with the newest state', async () => {
    await fill(4);
    const { continue: token = '' } = await pods.list({ limit: 2 });
    await write(pods, 'odd/p003', { value: 9 });
    await subject().compact();
    const error: unknown = await others.list({ continue: token, limit: 2 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: expect.stringMatching(/^The provided continue parameter is too old .* may show up in the list\.$/),
    });
    const { metadata } = error as { metadata: { continue: string } };
    const rest = await others.list({ continue: metadata.continue });
    expect(rest.entries.map(({ key, object }) => [key, object['spec']])).toEqual([
      ['odd/p001', { value: 0 }],
      ['odd/p003', { value: 9 }],
    ]);
  });

  test.each([
    ['letters', { resourceVersion: 'abc' }],
    ['negative', { resourceVersion: '-1' }],
    ['too large for any revision', { resourceVersion: '99999999999999999999' }],
    ['exactly any', { resourceVersion: '0', resourceVersionMatch: 'Exact' }],
    ['a token that is not base64', { continue: '%%%' }],
    ['a token that is not JSON', { continue: 'eeeee' }],
    ['a token of another version', { continue: Buffer.from('{"v":"v2","rv":1,"start":"a"}').toString('base64url') }],
    ['a token without a revision', { continue: encodeContinue({ revision: 0, startKey: 'a' }) }],
    ['a token without a key', { continue: encodeContinue({ revision: 5, startKey: '' }) }],
    ['a token that leaves its folder', { continue: encodeContinue({ revision: 5, startKey: '../secrets/a' }) }],
    [
      'a token with a resourceVersion',
      { continue: encodeContinue({ revision: 5, startKey: 'a' }), resourceVersion: '5' },
    ],
  ] as [string, ListOptions][])('a list with %s is a bad request', async (_, options) => {
    await expect(pods.list(options)).rejects.toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  test('get with a resourceVersion that is none is a bad request', async () => {
    await expect(pods.get('a', { resourceVersion: '1x' })).rejects.toMatchObject({ code: 400 });
  });

  test('peek and listeners follow without asking', async () => {
    await pods.ready();
    const heard: string[] = [];
    const stop = pods.onChange((type, entry) => heard.push(`${type} ${entry.key}`));
    await others.create('default/a', pod('a'));
    await pods.get('default/a');
    expect(pods.peek('default/a')).toBeDefined();
    expect(names(pods.peekAll('default'))).toEqual(['default/a']);
    expect(pods.peekAll('other')).toEqual([]);
    await write(others, 'default/a', { value: 1 });
    await remove(others, 'default/a');
    await pods.list();
    stop();
    await others.create('default/b', pod('b'));
    await pods.list();
    expect(heard).toEqual(['ADDED default/a', 'MODIFIED default/a', 'DELETED default/a']);
  });
}
