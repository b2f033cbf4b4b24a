import { StatusCache } from './status-cache.js';

const id = 'a'.repeat(64);

function counting(): { cache: StatusCache<number>; read: () => Promise<number>; reads: () => number } {
  let count = 0;
  const cache = new StatusCache<number>();
  cache.follow(true);
  return { cache, read: async () => ++count, reads: () => count };
}

test('one read serves everybody until something changes', async () => {
  const { cache, read, reads } = counting();
  expect(await Promise.all([cache.get(id, read), cache.get(id, read)])).toEqual([1, 1]);
  expect(await cache.get(id, read)).toBe(1);
  cache.forget('b'.repeat(64));
  expect(await cache.get(id, read)).toBe(1);
  cache.forget(id);
  expect(await cache.get(id, read)).toBe(2);
  cache.forgetAll();
  await cache.get(id, read);
  expect(reads()).toBe(3);
});

test('a read that was overtaken by a change serves only those who asked before', async () => {
  const { cache, read } = counting();
  let finish: (value: number) => void = () => undefined;
  const slow = cache.get(
    id,
    () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  );
  cache.forget(id);
  expect(await cache.get(id, read)).toBe(1);
  finish(99);
  expect(await slow).toBe(99);
  expect(await cache.get(id, read)).toBe(1);
});

test('what fails is read again', async () => {
  const { cache, read } = counting();
  await expect(cache.get(id, () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  expect(await cache.get(id, read)).toBe(1);
});

test('nothing is kept without events, nor under a short ID', async () => {
  const { cache, read } = counting();
  await cache.get('abc', read);
  expect(await cache.get('abc', read)).toBe(2);
  await cache.get(id, read);
  cache.follow(false);
  expect(await cache.get(id, read)).toBe(4);
  expect(await cache.get(id, read)).toBe(5);
});
