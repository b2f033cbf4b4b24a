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
