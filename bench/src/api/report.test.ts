import { comparedFanOutTable, comparedRequestTable, fanOutTable, requestTable } from './report.js';

const row = {
  what: 'get',
  clients: 64,
  requests: 10,
  perSecond: 12_345.6,
  p50Ms: 3.456,
  p99Ms: 45.67,
  bytesPerRequest: 1536,
};

test('figures have as many digits as they are good for', () => {
  const lines = requestTable([{ ...row, cpuMicros: 72.04, rssBytes: 180 * 1024 * 1024 }, row]).split('\n');
  expect(lines[1]?.split(/ +/)).toEqual(['get', '64', '12,346', '3.46', '45.7', '72.0', '1.50', '180']);
  expect(lines[2]?.split(/ +/).slice(-3)).toEqual(['-', '1.50', '-']);
});

test('growth names its objects', () => {
  expect(requestTable([{ ...row, objects: 1000 }])).toContain('objects');
});

test('a fan-out', () => {
  const table = fanOutTable([{ watchers: 500, events: 10, writers: 1, seconds: 2, deliveriesPerSecond: 2500 }]);
  expect(table.split('\n')[1]?.trim().split(/ +/)).toEqual(['500', '10', '1', '2.00', '2,500', '-', '-']);
});

test('two servers stand side by side', () => {
  const lines = comparedRequestTable(
    [{ ...row, cpuMicros: 50 }],
    [{ ...row, perSecond: 6_172.8, cpuMicros: 100 }],
  ).split('\n');
  expect(lines[1]).toMatch(/12,346 +6,173 +2\.00× .* 50\.0 +100 +0\.50×/);
  expect(comparedRequestTable([row], []).split('\n')[1]).toMatch(/12,346 +- +-/);
  const fan = { watchers: 5, events: 1, writers: 1, seconds: 2, deliveriesPerSecond: 300 };
  expect(comparedFanOutTable([fan], [{ ...fan, deliveriesPerSecond: 100 }])).toContain('3.00×');
});
