import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import { makePod } from '../testing.js';
import { SchedulingQueue } from './scheduling-queue.js';

const never = new AbortController().signal;

function makeQueue() {
  const clock = new FakeClock();
  return { clock, queue: new SchedulingQueue({ clock, initialBackOffMs: 1000, maxBackOffMs: 10_000 }) };
}

test('higher priority first, then the older', async () => {
  const { clock, queue } = makeQueue();
  queue.set(makePod('old'));
  await clock.advance(10);
  queue.set(makePod('young'));
  queue.set(makePod('urgent', { priority: 10 }));
  const order = [];
  for (let index = 0; index < 3; index++) order.push((await queue.next(never))?.metadata.name);
  expect(order).toEqual(['urgent', 'old', 'young']);
});

test('an unschedulable pod waits for a change, then for its back-off', async () => {
  const { clock, queue } = makeQueue();
  const pod = makePod('p');
  queue.set(pod);
  await queue.next(never);
  queue.retry(pod, { unschedulable: true });
  let taken: string | undefined;
  const waiting = queue.next(never).then((next) => {
    taken = next?.metadata.name;
  });
  await clock.advance(60_000);
  expect(taken).toBeUndefined();
  queue.clusterChanged();
  await settle();
  expect(taken).toBe('p');
  await waiting;
});

test('a change during the attempt is not missed', async () => {
  const { clock, queue } = makeQueue();
  const pod = makePod('p');
  queue.set(pod);
  await queue.next(never);
  queue.clusterChanged();
  queue.retry(pod, { unschedulable: true });
  expect(queue.counts()).toMatchObject({ backoff: 1, unschedulable: 0 });
  const next = queue.next(never);
  await clock.advance(1000);
  expect((await next)?.metadata.name).toBe('p');
});

test('nothing parked is forgotten: after five minutes it is tried anyway', async () => {
  const { clock, queue } = makeQueue();
  const pod = makePod('p');
  queue.set(pod);
  await queue.next(never);
  queue.retry(pod, { unschedulable: true });
  const next = queue.next(never);
  await clock.advance(300_001);
  expect((await next)?.metadata.name).toBe('p');
});

test('gated pods stay until the gate is gone', async () => {
  const { queue } = makeQueue();
  const gated = makePod('p', { schedulingGates: [{ name: 'g' }] });
  queue.set(gated);
  expect(queue.counts().gated).toBe(1);
  queue.set({ ...gated, spec: { ...gated.spec, schedulingGates: [] } });
  expect((await queue.next(never))?.metadata.name).toBe('p');
});

test('next ends with the signal', async () => {
  const { queue } = makeQueue();
  const stop = new AbortController();
  const next = queue.next(stop.signal);
  stop.abort();
  expect(await next).toBeUndefined();
});
