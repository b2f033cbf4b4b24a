import { FakeClock } from '@kubelab/testkit/fake-clock';
import { Deadlines, requestTimeout } from './deadlines.js';

test('each deadline expires at its time, in order, unless it is cleared', async () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock, 60_000);
  const expired: string[] = [];
  deadlines.start(60_000, () => expired.push('first'));
  await clock.advance(20_000);
  const cleared = deadlines.start(60_000, () => expired.push('cleared'));
  deadlines.start(60_000, () => expired.push('second'));
  deadlines.start(5_000, () => expired.push('short'));
  await clock.advance(5_000);
  expect(expired).toEqual(['short']);
  cleared.clear();
  cleared.clear();
  await clock.advance(35_000);
  expect(expired).toEqual(['short', 'first']);
  await clock.advance(19_999);
  expect(expired).toHaveLength(2);
  await clock.advance(1);
  expect(expired).toEqual(['short', 'first', 'second']);
  deadlines.start(60_000, () => expired.push('after a pause'));
  await clock.advance(60_000);
  expect(expired).toContain('after a pause');
});

test('nothing expires after the end', async () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock, 1_000);
  deadlines.start(1_000, () => expect('expired').toBe('never'));
  deadlines.stop();
  await clock.advance(5_000);
});

test.each([
  ['', 60_000],
  ['timeout=10s', 10_000],
  ['timeout=1.5s', 1_500],
  ['timeout=0s', 60_000],
  ['timeout=-5s', 60_000],
  ['timeout=10m', 60_000],
])('%s allows %d ms', (query, expected) => {
  expect(requestTimeout(new URLSearchParams(query), 60_000)).toBe(expected);
});

test.each([
  ['soon', 'invalid timeout specified in the request URL - time: invalid duration "soon"'],
  ['10', 'invalid timeout specified in the request URL - time: missing unit in duration "10"'],
])('%s is refused', (text, message) => {
  expect(() => requestTimeout(new URLSearchParams({ timeout: text }), 60_000)).toThrow(message);
});
