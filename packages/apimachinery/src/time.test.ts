import fc from 'fast-check';
import { intValue, isIntOrString, scaledValue } from './int-or-string.js';
import {
  canonicalizeMicroTime,
  canonicalizeTime,
  formatDuration,
  formatMicroTime,
  formatTime,
  humanDuration,
  parseDuration,
  parseMicroTime,
  parseTime,
  TimeError,
} from './time.js';

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

describe('humanDuration', () => {
  test.each([
    [-5 * second, '<invalid>'],
    [-2 * second, '<invalid>'],
    [-1 * second, '0s'],
    [0, '0s'],
    [999, '0s'],
    [1 * second, '1s'],
    [70 * second, '70s'],
    [119 * second, '119s'],
    [120 * second, '2m'],
    [190 * second, '3m10s'],
    [10 * minute, '10m'],
    [70 * minute, '70m'],
    [179 * minute, '179m'],
    [180 * minute, '3h'],
    [47 * hour, '47h'],
    [3 * hour + 12 * minute, '3h12m'],
    [7 * hour + 59 * minute, '7h59m'],
    [8 * hour + 30 * minute, '8h'],
    [48 * hour, '2d'],
    [49 * hour, '2d1h'],
    [7 * day + 23 * hour, '7d23h'],
    [8 * day + 5 * hour, '8d'],
    [729 * day, '729d'],
    [730 * day, '2y'],
    [740 * day, '2y10d'],
    [8 * 365 * day, '8y'],
    [3000 * day, '8y'],
  ])('%d ms is %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });
});

describe('Go durations', () => {
  test.each([
    ['5m0s', 300_000, '5m0s'],
    ['1h', 3_600_000, '1h0m0s'],
    ['1.5s', 1500, '1.5s'],
    ['300ms', 300, '300ms'],
    ['0', 0, '0s'],
    ['-1.5h', -5_400_000, '-1h30m0s'],
    ['100us', 0.1, '100µs'],
    ['1m10s', 70_000, '1m10s'],
    ['+40s', 40_000, '40s'],
    ['10s', 10_000, '10s'],
    ['5ns', 0.000005, '5ns'],
  ])('%s', (text, ms, formatted) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 6);
    expect(formatDuration(ms)).toBe(formatted);
  });

  test.each([
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['s', 'time: invalid duration "s"'],
    ['1m x', 'time: unknown unit "m x" in duration "1m x"'],
    ['5toString', 'time: unknown unit "toString" in duration "5toString"'],
  ])('%j is refused', (text, message) => {
    expect(() => parseDuration(text)).toThrow(new TimeError(message));
  });
});

describe('times', () => {
  it('reads any zone and writes UTC', () => {
    expect(formatTime(parseTime('2024-02-29T23:59:59.999+02:00'))).toBe('2024-02-29T21:59:59Z');
    expect(canonicalizeTime('2024-01-01T00:00:00-05:30')).toBe('2024-01-01T05:30:00Z');
    expect(formatMicroTime(new Date(1))).toBe('1970-01-01T00:00:00.001000Z');
    expect(canonicalizeMicroTime('2024-01-01T00:00:00.123456+01:00')).toBe('2023-12-31T23:00:00.123456Z');
    expect(parseMicroTime('2024-01-01T00:00:00.123456Z').getTime() % 1000).toBe(123);
    expect(formatTime(parseTime('0001-01-01T00:00:00Z'))).toBe('0001-01-01T00:00:00Z');
  });

  test.each([
    ['', 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
    ['2024-13-01T00:00:00Z', 'parsing time "2024-13-01T00:00:00Z": month out of range'],
    ['2023-02-29T00:00:00Z', 'parsing time "2023-02-29T00:00:00Z": day out of range'],
    ['2024-01-01', 'parsing time "2024-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'],
    ['2024-01-01T00:00:00', 'cannot parse "" as "Z07:00"'],
    ['2024-01-01T00:00:00Zx', 'parsing time "2024-01-01T00:00:00Zx": extra text: "x"'],
    ['yesterday', 'cannot parse "yesterday" as "2006"'],
  ])('%j is refused', (text, message) => {
    expect(() => parseTime(text)).toThrow(message);
  });

  it('wants six decimals of a MicroTime', () => {
    expect(() => parseMicroTime('2024-01-01T00:00:00Z')).toThrow('cannot parse "Z" as ".000000"');
  });

  it('reads back what it writes', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(fc.property(dates, (date) => parseMicroTime(formatMicroTime(date)).getTime() === date.getTime()));
  });
});

describe('int or string', () => {
  it('scales percentages', () => {
    expect(scaledValue('25%', { total: 10, round: 'up' })).toBe(3);
    expect(scaledValue('25%', { total: 10, round: 'down' })).toBe(2);
    expect(scaledValue(4, { total: 10, round: 'up' })).toBe(4);
    expect(() => scaledValue('4', { total: 1, round: 'up' })).toThrow(
      'invalid value for IntOrString: invalid type: string is not a percentage',
    );
    expect(() => scaledValue('x%', { total: 1, round: 'up' })).toThrow(
      'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax',
    );
    expect(intValue('80')).toBe(80);
    expect(intValue('http')).toBe(0);
    expect([1, 'a', 1.5, null].map(isIntOrString)).toEqual([true, true, false, false]);
  });
});
