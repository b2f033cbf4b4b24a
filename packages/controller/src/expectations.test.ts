import { FakeClock } from '@kubelab/testkit/fake-clock';
import { Expectations } from './expectations.js';

const setUp = () => {
  const clock = new FakeClock();
  return { clock, expectations: new Expectations({ clock }) };
};

describe('Expectations', () => {
  test('whoever has done nothing waits for nothing', () => {
    expect(setUp().expectations.satisfied('rs')).toBe(true);
  });

  test('creations are counted', () => {
    const { expectations } = setUp();
    expectations.expectCreations('rs', 2);
    expectations.creationObserved('rs');
    expect(expectations.satisfied('rs')).toBe(false);
    expectations.creationObserved('rs');
    expect(expectations.satisfied('rs')).toBe(true);
  });

  test('deletions are known by key: another’s end, or the same end twice, does not count', () => {
    const { expectations } = setUp();
    expectations.expectDeletion('rs', 'ns/a');
    expectations.expectDeletion('rs', 'ns/b');
    expectations.deletionObserved('rs', 'ns/c');
    expectations.deletionObserved('rs', 'ns/a');
    expectations.deletionObserved('rs', 'ns/a');
    expect(expectations.satisfied('rs')).toBe(false);
    expectations.deletionObserved('rs', 'ns/b');
    expect(expectations.satisfied('rs')).toBe(true);
  });

  test('creations that nobody expected are no credit for later', () => {
    const { expectations } = setUp();
    expectations.creationObserved('rs');
    expectations.expectCreations('rs', 1);
    expect(expectations.satisfied('rs')).toBe(false);
  });

  test('owners do not mix', () => {
    const { expectations } = setUp();
    expectations.expectCreations('a', 1);
    expect(expectations.satisfied('b')).toBe(true);
  });

  test('what was not seen for five minutes was missed', async () => {
    const { clock, expectations } = setUp();
    expectations.expectCreations('rs', 1);
    await clock.advance(300_000);
    expect(expectations.satisfied('rs')).toBe(false);
    await clock.advance(1);
    expect(expectations.satisfied('rs')).toBe(true);
    // And the next round starts from nothing.
    expectations.expectCreations('rs', 1);
    expectations.creationObserved('rs');
    expect(expectations.satisfied('rs')).toBe(true);
  });

  test('a forgotten owner is a new one', () => {
    const { expectations } = setUp();
    expectations.expectCreations('rs', 1);
    expectations.forget('rs');
    expect(expectations.satisfied('rs')).toBe(true);
  });
});
