import { bytesToFree, type ImageRecord, removable, tooOld } from './image-plan.js';

const policy = { highThreshold: 85, lowThreshold: 80, minAgeMs: 100, maxAgeMs: 0 };
const image = (id: string, more: Partial<ImageRecord> = {}): ImageRecord => ({
  id,
  size: 10,
  firstDetected: 0,
  lastUsed: 0,
  pinned: false,
  ...more,
});

test.each([
  ['far below the threshold', 500, undefined],
  ['just below', 160, undefined],
  ['at the threshold', 150, 50],
  ['full', 0, 200],
  ['more available than there is', 2000, undefined],
])('%s', (_name, available, expected) => {
  expect(bytesToFree({ capacity: 1000, available }, policy)).toBe(expected);
});

test('the longest unused image goes first, those in use, pinned or new stay', () => {
  const images = [
    image('recent', { lastUsed: 50 }),
    image('never', { firstDetected: 5 }),
    image('older', { firstDetected: 1 }),
    image('used', { lastUsed: 900 }),
    image('pause', { pinned: true }),
    image('new', { firstDetected: 950 }),
  ];
  const found = removable(images, new Set(['used']), { now: 1000, minAgeMs: 100 });
  expect(found.map(({ id }) => id)).toEqual(['older', 'never', 'recent']);
});

test('a maximum age counts from the last use', () => {
  const images = [image('a', { lastUsed: 10 }), image('b', { lastUsed: 900 }), image('c', { firstDetected: 950 })];
  expect(tooOld(images, { ...policy, maxAgeMs: 500 }, 1000).map(({ id }) => id)).toEqual(['a']);
  expect(tooOld(images, policy, 1000)).toEqual([]);
});
