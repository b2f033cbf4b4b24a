import { FakeClock } from '@kubelab/testkit/fake-clock';
import { WorkQueue } from './work-queue.js';

const setUp = () => {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock }) };
};

describe('WorkQueue', () => {
  test('hands keys out in order, each once', async () => {
    const { queue } = setUp();
    for (const key of ['a', 'b', 'a']) queue.add(key);
    expect(queue.length).toBe(2);
    expect([await queue.take(), await queue.take()]).toEqual(['a', 'b']);
  });

  test('wakes who waits', async () => {
    const { queue } = setUp();
    const waiting = [queue.take(), queue.take()];
    queue.add('a');
    queue.add('b');
    expect(await Promise.all(waiting)).toEqual(['a', 'b']);
  });

  test('never gives a key to two workers; what is added meanwhile comes again once', async () => {
    const { queue } = setUp();
    queue.add('a');
    await queue.take();
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await queue.take()).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  test('backs off twice as long with every failure, per key, until it is forgotten', async () => {
    const { clock, queue } = setUp();
    const delays: number[] = [];
    for (let failure = 0; failure < 4; failure++) {
      const start = clock.now();
      queue.addRateLimited('a');
      while (queue.length === 0) await clock.advance(1);
      delays.push(clock.now() - start);
      await queue.take();
      queue.done('a');
    }
    expect(delays).toEqual([5, 10, 20, 40]);
    expect(queue.failures('a')).toBe(4);
    expect(queue.failures('b')).toBe(0);
    queue.forget('a');
    queue.addRateLimited('a');
    await clock.advance(5);
    expect(queue.length).toBe(1);
  });

  test('the back-off has a limit, however many failures', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock, backOff: { baseMs: 10, maxMs: 1000 } });
    for (let failure = 0; failure < 2000; failure++) queue.addRateLimited('a');
    await clock.advance(1000);
    expect(queue.length).toBe(1);
  });

  test('of several delays the earliest counts', async () => {
    const { clock, queue } = setUp();
    queue.addAfter('a', 1000);
    queue.addAfter('a', 10);
    queue.addAfter('a', 500);
    await clock.advance(10);
    expect(await queue.take()).toBe('a');
    queue.done('a');
    await clock.advance(5000);
    expect(queue.length).toBe(0);
  });

  test('no delay means now', () => {
    const { queue } = setUp();
    queue.addAfter('a', 0);
    queue.addAfter('b', -5);
    expect(queue.length).toBe(2);
  });

  test('once closed it gives nothing and takes nothing, and leaves no timers', async () => {
    const { clock, queue } = setUp();
    const waiting = queue.take();
    queue.addAfter('late', 1000);
    queue.close();
    expect(await waiting).toBeUndefined();
    queue.add('a');
    queue.addAfter('b', 10);
    expect(await queue.take()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});
