import { formatDuration, parseDuration } from './duration.js';

test.each([
  ['0', 0],
  ['0s', 0],
  ['40s', 40_000],
  ['1h2m3.5s', 3_723_500],
  ['100ms', 100],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['-5m', -300_000],
  ['+1s', 1000],
  ['250us', 0.25],
  ['250µs', 0.25],
  ['1s1s', 2000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBeCloseTo(ms, 9);
});

test.each(['', '5', 's', '5 s', '1d', '1h-5m', '--5s', 'five', '1.2.3s', '5S', '00', '-'])('%j is none', (text) => {
  expect(() => parseDuration(text)).toThrow(`must be a duration such as 40s or 5m, not "${text}"`);
});

test.each([
  [0, '0s'],
  [100, '100ms'],
  [1500, '1.5s'],
  [40_000, '40s'],
  [300_000, '5m0s'],
  [3_600_000, '1h0m0s'],
  [3_723_500, '1h2m3.5s'],
  [-300_000, '-5m0s'],
])('%d ms is written %s, as Go does', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
  expect(parseDuration(text)).toBeCloseTo(ms, 6);
});
