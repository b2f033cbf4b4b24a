/** Checks cron schedules as upstream's parser does (five fields, or a word such as `@daily`), with its messages. */

interface FieldRange {
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const ranges: readonly FieldRange[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: months },
  { low: 0, high: 6, names: days },
];

const descriptors = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

/** Why `schedule` cannot be read; undefined when it can. */
export function scheduleError(schedule: string): string | undefined {
  if (schedule.startsWith('@')) return descriptorError(schedule);
  const fields = schedule.trim().split(/\s+/).filter(Boolean);
  if (fields.length !== ranges.length) {
    return `expected exactly ${ranges.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  }
  for (const [index, range] of ranges.entries()) {
    for (const part of (fields[index] ?? '').split(',')) {
      const error = partError(part, range);
      if (error) return error;
    }
  }
  return undefined;
}

function descriptorError(descriptor: string): string | undefined {
  if (descriptors.has(descriptor)) return undefined;
  const every = descriptor.match(/^@every (.*)$/)?.[1];
  if (every !== undefined) {
    if (/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(every)) return undefined;
    return `failed to parse duration ${descriptor}: time: invalid duration ${JSON.stringify(every)}`;
  }
  return `unrecognized descriptor: ${descriptor}`;
}

/** One element of a list: `*`, `5`, `1-5`, each with an optional `/step`. */
function partError(part: string, range: FieldRange): string | undefined {
  const [span = '', step, ...moreSteps] = part.split('/');
  if (moreSteps.length > 0) return `too many slashes: ${part}`;
  const [first = '', last, ...moreEnds] = span.split('-');
  if (moreEnds.length > 0) return `too many hyphens: ${part}`;
  let low = range.low;
  let high = range.high;
  if (first !== '*' && first !== '?') {
    const start = parseValue(first, range);
    if (typeof start === 'string') return start;
    low = start;
    high = last === undefined && step === undefined ? start : range.high;
    if (last !== undefined) {
      const end = parseValue(last, range);
      if (typeof end === 'string') return end;
      high = end;
    }
  }
  if (step !== undefined) {
    const size = parseNumber(step);
    if (typeof size === 'string') return size;
    if (size === 0) return `step of range should be a positive number: ${part}`;
  }
  return boundsError(low, high, range, part);
}

function boundsError(low: number, high: number, range: FieldRange, part: string): string | undefined {
  if (low < range.low) return `beginning of range (${low}) below minimum (${range.low}): ${part}`;
  if (high > range.high) return `end of range (${high}) above maximum (${range.high}): ${part}`;
  return low > high ? `beginning of range (${low}) beyond end of range (${high}): ${part}` : undefined;
}

function parseValue(text: string, range: FieldRange): number | string {
  const named = range.names?.indexOf(text.toLowerCase()) ?? -1;
  return named >= 0 ? named + range.low : parseNumber(text);
}

function parseNumber(text: string): number | string {
  if (/^\+?\d+$/.test(text)) return Number(text);
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`;
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}
