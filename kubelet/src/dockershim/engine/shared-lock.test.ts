import { SharedLock } from './shared-lock.js';

/** Tasks that go on until they are told to end. */
function makeTasks(lock: SharedLock) {
  const running = new Set<string>();
  const ends = new Map<string, (error?: Error) => void>();
  const start = (name: string, how: 'share' | 'alone'): Promise<string> =>
    lock[how](async () => {
      running.add(name);
      await new Promise<void>((resolve, reject) =>
        ends.set(name, (error) => (error ? reject(error) : resolve())),
      ).finally(() => running.delete(name));
      return name;
    });
  const end = async (name: string, error?: Error): Promise<void> => {
    ends.get(name)?.(error);
    await settled();
  };
  return { running: () => [...running].sort().join(' '), start, end };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('those that share run together, the one alone before and after them, in their order', async () => {
  const { running, start, end } = makeTasks(new SharedLock());
  const all = [start('a', 'share'), start('b', 'share'), start('c', 'alone'), start('d', 'share'), start('e', 'alone')];
  await settled();
  expect(running()).toBe('a b');
  await end('a');
  expect(running()).toBe('b');
  await end('b');
  expect(running()).toBe('c');
  await end('c');
  expect(running()).toBe('d');
  await end('d');
  expect(running()).toBe('e');
  await end('e');
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a task that fails lets the next ones in', async () => {
  const { running, start, end } = makeTasks(new SharedLock());
  const failing = start('a', 'alone');
  const next = [start('b', 'alone'), start('c', 'share')];
  await settled();
  await Promise.all([expect(failing).rejects.toThrow('broken'), end('a', new Error('broken'))]);
  expect(running()).toBe('b');
  await end('b');
  await end('c');
  expect(await Promise.all(next)).toEqual(['b', 'c']);
});
