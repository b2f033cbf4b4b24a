/** Pure: whether cost grows in step with what there is. */

import { formatTable } from '../report/table.js';
import type { Row } from './requests.js';
import type { FanOut } from './watches.js';

/** What one unit of work costs at a size, beside the size before: 1 is linear, and what stays above 1 step after step is a cliff. */
export interface GrowthStep {
  /** `get`, `create`: a request; `list`: an object of the list; `watch`: a delivery. */
  what: string;
  /** Objects or watchers. */
  size: number;
  /** Microseconds of the server's CPU; of the clock where the server's process is unknown. */
  microsPerUnit: number;
  /** Undefined for the first size. */
  ratio?: number;
}

type GrownRow = Row & { objects: number };

/** Rows of one server, smallest sizes first for each kind of request. */
export function objectGrowth(rows: readonly GrownRow[]): GrowthStep[] {
  const withCpu = rows.every(({ cpuMicros }) => cpuMicros !== undefined);
  const kinds = [...new Set(rows.map(({ what }) => what))];
  return kinds.flatMap((kind) =>
    ratios(
      rows
        .filter(({ what }) => what === kind)
        .map((row) => {
          const micros = (withCpu ? row.cpuMicros : undefined) ?? row.p50Ms * 1_000;
          return { what: kind, size: row.objects, microsPerUnit: kind === 'list' ? micros / row.objects : micros };
        }),
    ),
  );
}

export function watcherGrowth(rows: readonly FanOut[]): GrowthStep[] {
  const withCpu = rows.every(({ cpuMicrosPerDelivery }) => cpuMicrosPerDelivery !== undefined);
  return ratios(
    rows.map((row) => {
      const micros = (withCpu ? row.cpuMicrosPerDelivery : undefined) ?? 1e6 / row.deliveriesPerSecond;
      return { what: 'watch', size: row.watchers, microsPerUnit: micros };
    }),
  );
}

function ratios(steps: readonly GrowthStep[]): GrowthStep[] {
  return steps.map((step, index) => {
    const before = steps[index - 1]?.microsPerUnit;
    return before ? { ...step, ratio: step.microsPerUnit / before } : { ...step };
  });
}

export function growthTable(steps: readonly GrowthStep[]): string {
  return formatTable(
    ['', 'size', 'µs per unit', 'step before'],
    steps.map(({ what, size, microsPerUnit, ratio }) => [
      what,
      size.toLocaleString('en'),
      microsPerUnit.toFixed(2),
      ratio === undefined ? '-' : `${ratio.toFixed(2)}×`,
    ]),
  );
}
