/** Pure: results as text for people. */

/** Columns as wide as they must be; those after the first are figures and end on the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      widths
        .map((width, column) => (column === 0 ? (line[0] ?? '').padEnd(width) : (line[column] ?? '').padStart(width)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `0.42 s`, `12.3 s`: as many digits as a measurement on a shared machine is good for. */
export function seconds(ms: number): string {
  const value = ms / 1000;
  return `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export interface Aim {
  /** `warm boot, p50`. */
  what: string;
  value: number;
  limit: number;
  unit: 's' | 'times' | 'MB' | '% of a core';
}

/** An aim is something to see, not to fail on. */
export function formatAim({ what, value, limit, unit }: Aim): string {
  const text = (amount: number): string => `${amount.toFixed(unit === 'times' ? 2 : 1)} ${unit}`;
  return `aim: ${what} at most ${text(limit)}: ${text(value)}, ${value <= limit ? 'reached' : 'not reached'}`;
}
