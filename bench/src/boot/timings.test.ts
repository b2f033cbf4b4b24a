import { parseTimings, timesByStep } from './timings.js';

const timings = [
  { title: 'Programs', ms: 20 },
  { title: 'Nodes', ms: 4000 },
];

test('the last line holds the timings', () => {
  expect(parseTimings(`[  0.0s] Programs ...\n\nCluster is up.\n${JSON.stringify(timings)}\n`)).toEqual(timings);
});

test.each<[string, string]>([
  ['nothing', ''],
  ['only words', 'Cluster is up.\n'],
  ['other JSON', '{"title":"Nodes","ms":1}\n'],
  ['no steps', '[]\n'],
  ['a step without a time', '[{"title":"Nodes"}]\n'],
  ['null', '[null]\n'],
])('%s: refused', (_name, output) => {
  expect(() => parseTimings(output)).toThrow(/timings/);
});

test('times of several boots, step by step', () => {
  const second = [
    { title: 'Programs', ms: 30 },
    { title: 'Images', ms: 5 },
    { title: 'Nodes', ms: 5000 },
  ];
  expect([...timesByStep([timings, second])]).toEqual([
    ['Programs', [20, 30]],
    ['Nodes', [4000, 5000]],
    ['Images', [5]],
  ]);
});
