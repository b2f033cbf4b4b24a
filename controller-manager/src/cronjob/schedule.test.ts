import { findDue, parseSchedule, ScheduleError } from './schedule.js';

const at = (text: string): number => Date.parse(text);
const next = (schedule: string, after: string, zone?: string): string | undefined => {
  const time = parseSchedule(schedule, zone).next(at(after));
  return time === undefined ? undefined : new Date(time).toISOString();
};

test.each<[string, string, string | undefined, string | undefined]>([
  ['*/5 * * * *', '2026-01-01T00:02:10Z', undefined, '2026-01-01T00:05:00.000Z'],
  ['*/5 * * * *', '2026-01-01T00:05:00Z', undefined, '2026-01-01T00:10:00.000Z'],
  ['0 3 * * *', '2026-01-01T04:00:00Z', undefined, '2026-01-02T03:00:00.000Z'],
  ['0 3 * * *', '2026-01-01T04:00:00Z', 'Europe/Berlin', '2026-01-02T02:00:00.000Z'],
  ['0 3 * * *', '2026-07-01T04:00:00Z', 'Europe/Berlin', '2026-07-02T01:00:00.000Z'],
  ['30 4 * * sun', '2026-01-01T00:00:00Z', undefined, '2026-01-04T04:30:00.000Z'],
  ['0 0 1 jan *', '2026-01-01T00:00:00Z', undefined, '2027-01-01T00:00:00.000Z'],
  ['0 0 13 * 5', '2026-01-01T00:00:00Z', undefined, '2026-01-02T00:00:00.000Z'],
  ['0 0 */2 * 5', '2026-01-03T00:00:00Z', undefined, '2026-01-09T00:00:00.000Z'],
  ['0 0 ? * 1', '2026-01-01T00:00:00Z', undefined, '2026-01-05T00:00:00.000Z'],
  ['@hourly', '2026-01-01T00:30:00Z', undefined, '2026-01-01T01:00:00.000Z'],
  ['@midnight', '2026-01-01T00:30:00Z', 'Asia/Tokyo', '2026-01-01T15:00:00.000Z'],
  ['@every 1m30s', '2026-01-01T00:00:10.700Z', undefined, '2026-01-01T00:01:40.000Z'],
  ['@every 10ms', '2026-01-01T00:00:10.700Z', undefined, '2026-01-01T00:00:11.000Z'],
  ['0 0 31 2 *', '2026-01-01T00:00:00Z', undefined, undefined],
])('%s after %s in %s: %s', (schedule, after, zone, expected) => {
  expect(next(schedule, after, zone)).toBe(expected);
});

test.each<[string, string | undefined, RegExp]>([
  ['* * * *', undefined, /expected exactly 5 fields, found 4/],
  ['* * * * * *', undefined, /found 6/],
  ['61 * * * *', undefined, /./],
  ['@every soon', undefined, /failed to parse duration @every soon/],
  ['* * * * *', 'Mars/Olympus', /unknown time zone Mars\/Olympus/],
])('%s in %s cannot be read', (schedule, zone, message) => {
  expect(() => parseSchedule(schedule, zone)).toThrow(ScheduleError);
  expect(() => parseSchedule(schedule, zone)).toThrow(message);
});

describe('findDue', () => {
  const minutely = parseSchedule('* * * * *');
  const due = (since: string, now: string) => {
    const { at: time, tooManyMissed } = findDue(minutely, at(since), at(now));
    return [time === undefined ? undefined : new Date(time).toISOString().slice(11, 19), tooManyMissed];
  };
  test.each<[string, string, [string | undefined, boolean]]>([
    ['2026-01-01T00:00:30Z', '2026-01-01T00:00:59Z', [undefined, false]],
    ['2026-01-01T00:00:30Z', '2026-01-01T00:01:00Z', ['00:01:00', false]],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:03:30Z', ['00:03:00', false]],
    ['2026-01-01T00:00:00Z', '2026-01-01T01:40:30Z', ['01:40:00', false]],
    ['2026-01-01T00:00:00Z', '2026-01-01T01:41:30Z', ['01:41:00', true]],
    ['2020-01-01T00:00:00Z', '2026-01-01T00:00:30Z', ['00:00:00', true]],
  ])('since %s at %s: %j', (since, now, expected) => {
    expect(due(since, now)).toEqual(expected);
  });

  test('a schedule that never fires', () => {
    expect(findDue(parseSchedule('0 0 31 2 *'), 0, at('2026-01-01T00:00:00Z'))).toEqual({ tooManyMissed: false });
  });
});
