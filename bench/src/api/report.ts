/** Pure: the figures as tables. */

import { formatTable } from '../report/table.js';
import type { Row } from './requests.js';
import type { FanOut } from './watches.js';

const megabyte = 1024 * 1024;

function rounded(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 10 ? 1 : 2);
}

const megabytes = (bytes: number | undefined): string => (bytes === undefined ? '-' : rounded(bytes / megabyte));

export function requestTable(rows: readonly (Row & { objects?: number })[]): string {
  const grown = rows.some(({ objects }) => objects !== undefined);
  const header = ['', ...(grown ? ['objects'] : []), 'clients', 'per s', 'p50 ms', 'p99 ms', 'CPU µs', 'KB', 'RSS MB'];
  return formatTable(
    header,
    rows.map((row) => [
      row.what,
      ...(grown ? [String(row.objects ?? '')] : []),
      String(row.clients),
      rounded(row.perSecond),
      rounded(row.p50Ms),
      rounded(row.p99Ms),
      rounded(row.cpuMicros),
      rounded(row.bytesPerRequest / 1024),
      megabytes(row.rssBytes),
    ]),
  );
}

export function fanOutTable(rows: readonly FanOut[]): string {
  const header = ['watchers', 'events', 'writers', 's', 'deliveries per s', 'CPU µs each', 'RSS MB'];
  return formatTable(
    header,
    rows.map((row) => [
      String(row.watchers),
      String(row.events),
      String(row.writers),
      rounded(row.seconds),
      rounded(row.deliveriesPerSecond),
      rounded(row.cpuMicrosPerDelivery),
      megabytes(row.rssBytes),
    ]),
  );
}

const times = (value: number | undefined, other: number | undefined): string =>
  value === undefined || other === undefined || other === 0 ? '-' : `${(value / other).toFixed(2)}×`;

/** Each figure with that of the other server behind it. */
export function comparedRequestTable(
  rows: readonly (Row & { objects?: number })[],
  others: readonly (Row & { objects?: number })[],
): string {
  const header = [
    '',
    'objects',
    'clients',
    'per s',
    'other',
    '',
    'p99 ms',
    'other',
    'CPU µs',
    'other',
    '',
    'RSS MB',
    'other',
  ];
  return formatTable(
    header,
    rows.map((row, index) => {
      const other = others[index];
      return [
        row.what,
        String(row.objects ?? ''),
        String(row.clients),
        rounded(row.perSecond),
        rounded(other?.perSecond),
        times(row.perSecond, other?.perSecond),
        rounded(row.p99Ms),
        rounded(other?.p99Ms),
        rounded(row.cpuMicros),
        rounded(other?.cpuMicros),
        times(row.cpuMicros, other?.cpuMicros),
        megabytes(row.rssBytes),
        megabytes(other?.rssBytes),
      ];
    }),
  );
}

export function comparedFanOutTable(rows: readonly FanOut[], others: readonly FanOut[]): string {
  const header = [
    'watchers',
    'events',
    'writers',
    'deliveries per s',
    'other',
    '',
    'CPU µs each',
    'other',
    '',
    'RSS MB',
    'other',
  ];
  return formatTable(
    header,
    rows.map((row, index) => {
      const other = others[index];
      return [
        String(row.watchers),
        String(row.events),
        String(row.writers),
        rounded(row.deliveriesPerSecond),
        rounded(other?.deliveriesPerSecond),
        times(row.deliveriesPerSecond, other?.deliveriesPerSecond),
        rounded(row.cpuMicrosPerDelivery),
        rounded(other?.cpuMicrosPerDelivery),
        times(row.cpuMicrosPerDelivery, other?.cpuMicrosPerDelivery),
        megabytes(row.rssBytes),
        megabytes(other?.rssBytes),
      ];
    }),
  );
}
