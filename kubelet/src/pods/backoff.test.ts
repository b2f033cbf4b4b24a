import { FakeClock } from '@kubelab/testkit/fake-clock';
import { Backoff } from './backoff.js';

describe('Backoff', () => {
  test('lets the first restart go, then doubles from ten seconds to five minutes', () => {
    const clock = new FakeClock();
    const backoff = new Backoff({ initialMs: 10_000, maxMs: 300_000, clock });
    expect(backoff.remaining('a', clock.now())).toBe(0);
    const delays: number[] = [];
    for (let round = 0; round < 7; round++) {
      backoff.next('a', clock.now());
      delays.push(backoff.remaining('a', clock.now()) / 1000);
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300]);
  });

  test('starts over after ten quiet minutes', () => {
    const clock = new FakeClock();
    const backoff = new Backoff({ initialMs: 10_000, maxMs: 300_000, clock });
    backoff.next('a', clock.now());
    backoff.next('a', clock.now());
    const later = clock.now() + 600_001;
    expect(backoff.remaining('a', later)).toBe(0);
    backoff.next('a', later);
    expect(backoff.delay('a')).toBe(10_000);
  });

  test('a clock that is set back holds nobody up', () => {
    const clock = new FakeClock();
    const backoff = new Backoff({ initialMs: 10_000, maxMs: 300_000, clock });
    const before = clock.now() + 3_600_000;
    backoff.next('a', before);
    expect(backoff.remaining('a', before)).toBe(0);
  });

  test('keys are apart and can be forgotten by prefix', () => {
    const clock = new FakeClock();
    const backoff = new Backoff({ initialMs: 10_000, maxMs: 300_000, clock });
    backoff.next('u1_a', clock.now());
    backoff.next('u2_a', clock.now());
    backoff.forget('u1_');
    expect([backoff.remainingSinceTry('u1_a'), backoff.remainingSinceTry('u2_a')]).toEqual([0, 10_000]);
  });
});
