/** Values that are a number or a text: ports by number or name, counts or percentages. */

export type IntOrString = number | string;

const int32Max = 2 ** 31 - 1;

export function isIntOrString(value: unknown): value is IntOrString {
  return typeof value === 'string' || (Number.isInteger(value) && Math.abs(value as number) <= int32Max + 1);
}

export interface ScaleOptions {
  total: number;
  round: 'up' | 'down';
}

/**
 * A count as it is, a percentage of `total`. Throws Error with upstream's text for a string that is no percentage.
 * 25 % of 10 is 3 rounded up, 2 rounded down.
 */
export function scaledValue(value: IntOrString, { total, round }: ScaleOptions): number {
  if (typeof value === 'number') return value;
  const percent = percentOf(value);
  const exact = (percent * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

function percentOf(text: string): number {
  if (!text.endsWith('%')) throw new Error('invalid value for IntOrString: invalid type: string is not a percentage');
  const digits = text.slice(0, -1);
  if (!/^[-+]?[0-9]+$/.test(digits)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`;
    throw new Error(`invalid value for IntOrString: invalid value ${JSON.stringify(text)}: ${why}`);
  }
  return Number(digits);
}

/** The number it is or stands for, 0 for any other text (upstream's IntValue). */
export function intValue(value: IntOrString): number {
  if (typeof value === 'number') return value;
  return /^[-+]?[0-9]+$/.test(value) ? Number(value) : 0;
}
