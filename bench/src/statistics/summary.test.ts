import { summarize } from './summary.js';

test('an odd number of samples, in any order', () => {
  expect(summarize([30, 10, 20])).toEqual({ count: 3, min: 10, p50: 20, p95: 29, max: 30, mean: 20 });
});

test('the median of an even number lies between the middle two', () => {
  expect(summarize([4, 1, 3, 2]).p50).toBe(2.5);
});

test('one sample is everything', () => {
  expect(summarize([7])).toEqual({ count: 1, min: 7, p50: 7, p95: 7, max: 7, mean: 7 });
});

test('p95 of a hundred is near the end but not the end', () => {
  const samples = Array.from({ length: 101 }, (_, index) => index);
  expect(summarize(samples)).toMatchObject({ p50: 50, p95: 95, max: 100 });
});

test('numbers are sorted as numbers', () => {
  expect(summarize([100, 9, 20])).toMatchObject({ min: 9, p50: 20, max: 100 });
});

test('the samples are left as they are', () => {
  const samples = [3, 1, 2];
  summarize(samples);
  expect(samples).toEqual([3, 1, 2]);
});

test.each<[string, number[]]>([
  ['no samples', []],
  ['a sample that is not a number', [1, Number.NaN]],
  ['an endless one', [1, Number.POSITIVE_INFINITY]],
])('%s: refused', (_name, samples) => {
  expect(() => summarize(samples)).toThrow(RangeError);
});
