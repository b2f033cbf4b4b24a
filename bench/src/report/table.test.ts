import { formatAim, formatTable, seconds } from './table.js';

test('names on the left, figures on the right', () => {
  expect(
    formatTable(
      ['step', 'p50', 'p95'],
      [
        ['Nodes', '1.00 s', '12.0 s'],
        ['Cluster DNS', '0.5 s'],
      ],
    ),
  ).toBe(['step            p50     p95', 'Nodes        1.00 s  12.0 s', 'Cluster DNS   0.5 s'].join('\n'));
});

test('a table without rows is its header', () => {
  expect(formatTable(['step', 'p50'], [])).toBe('step  p50');
});

test.each<[number, string]>([
  [0, '0.00 s'],
  [421, '0.42 s'],
  [9_994, '9.99 s'],
  [12_340, '12.3 s'],
])('%d ms', (ms, text) => {
  expect(seconds(ms)).toBe(text);
});

test('an aim says whether it is reached', () => {
  expect(formatAim({ what: 'boot', value: 19.96, limit: 20, unit: 's' })).toBe(
    'aim: boot at most 20.0 s: 20.0 s, reached',
  );
  expect(formatAim({ what: 'start', value: 2.5, limit: 2, unit: 'times' })).toMatch(/2\.50 times, not reached$/);
});
