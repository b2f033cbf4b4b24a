import { formatIndexes, freeIndexes, parseIndexes } from './indexes.js';

test.each<[number[], string]>([
  [[], ''],
  [[0], '0'],
  [[1, 0], '0,1'],
  [[0, 1, 2], '0-2'],
  [[7, 1, 3, 4, 5], '1,3-5,7'],
  [[10, 9, 100], '9,10,100'],
])('%j is written %j, and read back', (indexes, text) => {
  expect(formatIndexes(new Set(indexes))).toBe(text);
  expect([...parseIndexes(text, 1000)].sort((a, b) => a - b)).toEqual([...indexes].sort((a, b) => a - b));
});

test.each<[string | undefined, number[]]>([
  [undefined, []],
  ['x,2-,-3,1-y,4', [4]],
  ['0-1000000', [0, 1, 2, 3, 4]],
  ['9', []],
  [' 1 , 2 ', [1, 2]],
])('of %j what makes sense and is in range is read', (text, expected) => {
  expect([...parseIndexes(text, 5)]).toEqual(expected);
});

test('the lowest free indexes', () => {
  expect(freeIndexes(2, 6, new Set([0, 2]))).toEqual([1, 3]);
  expect(freeIndexes(9, 3, new Set([1]))).toEqual([0, 2]);
});
