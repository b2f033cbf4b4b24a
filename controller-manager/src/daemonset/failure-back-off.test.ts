import { FakeClock } from '@kubelab/testkit/fake-clock';
import { FailureBackOff } from './failure-back-off.js';

test('the first failure is replaced at once, the next ones twice as late each', async () => {
  const clock = new FakeClock();
  const backOff = new FailureBackOff({ clock });
  const waits: number[] = [];
  for (let failure = 0; failure < 5; failure++) {
    const wait = backOff.take('n1');
    waits.push(wait);
    await clock.advance(wait);
    if (wait > 0) expect(backOff.take('n1')).toBe(0);
  }
  expect(waits).toEqual([0, 1000, 2000, 4000, 8000]);
  expect(backOff.take('n2')).toBe(0);
  await clock.advance(3_600_000);
  expect(backOff.take('n1')).toBe(0);
  expect(backOff.take('n1')).toBe(1000);
});
