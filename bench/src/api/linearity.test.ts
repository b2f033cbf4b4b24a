import { growthTable, objectGrowth, watcherGrowth } from './linearity.js';

const row = { clients: 1, requests: 1, perSecond: 1, p99Ms: 1, bytesPerRequest: 1 };

test('lists are judged by their objects, other requests by themselves', () => {
  const steps = objectGrowth([
    { ...row, what: 'get', objects: 1_000, p50Ms: 1, cpuMicros: 100 },
    { ...row, what: 'list', objects: 1_000, p50Ms: 1, cpuMicros: 5_000 },
    { ...row, what: 'get', objects: 10_000, p50Ms: 1, cpuMicros: 110 },
    { ...row, what: 'list', objects: 10_000, p50Ms: 1, cpuMicros: 100_000 },
  ]);
  expect(steps).toEqual([
    { what: 'get', size: 1_000, microsPerUnit: 100 },
    { what: 'get', size: 10_000, microsPerUnit: 110, ratio: 1.1 },
    { what: 'list', size: 1_000, microsPerUnit: 5 },
    { what: 'list', size: 10_000, microsPerUnit: 10, ratio: 2 },
  ]);
  expect(growthTable(steps)).toMatch(/list +10,000 +10\.00 +2\.00×/);
});

test('deliveries are judged one by one, by the clock where CPU time is unknown for any of them', () => {
  const fan = { events: 1, writers: 1, seconds: 1 };
  const slow = { ...fan, watchers: 10, deliveriesPerSecond: 1_000, cpuMicrosPerDelivery: 7 };
  expect(watcherGrowth([slow, { ...slow, watchers: 20, cpuMicrosPerDelivery: 14 }])[1]?.ratio).toBe(2);
  expect(watcherGrowth([slow, { ...fan, watchers: 20, deliveriesPerSecond: 2_000 }])).toEqual([
    { what: 'watch', size: 10, microsPerUnit: 1_000 },
    { what: 'watch', size: 20, microsPerUnit: 500, ratio: 0.5 },
  ]);
});

test('without figures there is nothing to say', () => {
  expect(objectGrowth([])).toEqual([]);
  expect(watcherGrowth([{ watchers: 1, events: 0, writers: 1, seconds: 0, deliveriesPerSecond: 0 }])[0]?.ratio).toBe(
    undefined,
  );
});
