import { FakeClock } from '@kubelab/testkit/fake-clock';
import { StepLoop } from './step-loop.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function make(step: (signal: AbortSignal, count: number) => Promise<void>) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const failures: unknown[] = [];
  const seen = { steps: 0 };
  const loop = new StepLoop({
    clock,
    signal: stop.signal,
    step: (signal) => step(signal, ++seen.steps),
    failed: (error) => failures.push(error),
  });
  return { clock, stop, failures, seen, loop };
}

test('however often it is woken during a step, one more follows', async () => {
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { loop, seen } = make(() => gate);
  for (let index = 0; index < 5; index++) loop.wake();
  await settled();
  expect(seen.steps).toBe(1);
  open();
  await settled();
  expect(seen.steps).toBe(2);
});

test('a step that fails is tried again, later every time, until one succeeds', async () => {
  const { loop, seen, clock, failures } = make(async (_signal, count) => {
    if (count < 9) throw new Error(String(count));
  });
  loop.wake();
  await settled();
  for (const [ms, steps] of [
    [999, 1],
    [1, 2],
    [2_000, 3],
    [4_000, 4],
    [8_000, 5],
    [16_000, 6],
    [32_000, 7],
    [60_000, 8],
    [60_000, 9],
    [600_000, 9],
  ] as const) {
    await clock.advance(ms);
    await settled();
    expect(seen.steps).toBe(steps);
  }
  expect(failures).toHaveLength(8);
});

test('a step that is interrupted is no failure, and the next one follows at once', async () => {
  const { loop, seen, failures } = make(async (signal, count) => {
    if (count === 1)
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  loop.wake();
  await settled();
  loop.interrupt('deleted');
  await settled();
  expect([seen.steps, failures]).toEqual([2, []]);
});

test('nothing happens after its end', async () => {
  const { loop, seen, clock, stop } = make(async () => loop.wakeAfter(10));
  loop.wake();
  await settled();
  stop.abort();
  loop.wake();
  loop.wakeAfter(1);
  await clock.advance(100);
  expect(seen.steps).toBe(1);
});
