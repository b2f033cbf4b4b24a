/** Times and durations as the API and kubectl write them. */

const layout = '2006-01-02T15:04:05Z07:00';
const microLayout = '2006-01-02T15:04:05.000000Z07:00';
const daysIn = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The text is no time or duration; the messages are those of Go's time package. */
export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TimeError';
  }
}

/** `[pattern of the piece, its name in Go's layout]`, in order. */
const pieces: readonly (readonly [RegExp, string])[] = [
  [/^\d{4}/, '2006'],
  [/^-/, '-'],
  [/^\d{2}/, '01'],
  [/^-/, '-'],
  [/^\d{2}/, '02'],
  [/^T/, 'T'],
  [/^\d{2}/, '15'],
  [/^:/, ':'],
  [/^\d{2}/, '04'],
  [/^:/, ':'],
  [/^\d{2}/, '05'],
];
const zone: readonly [RegExp, string] = [/^(?:Z|[+-]\d{2}:\d{2})/, 'Z07:00'];

interface ParsedTime {
  /** Milliseconds since 1970, whole seconds. */
  epochMs: number;
  /** Digits after the decimal point of the seconds. */
  fraction: string;
}

function readPieces(text: string, micro: boolean): string[] {
  const wanted = micro ? microLayout : layout;
  const read: string[] = [];
  let rest = text;
  const take = ([pattern, name]: readonly [RegExp, string]): void => {
    const found = pattern.exec(rest)?.[0];
    if (found === undefined) {
      const shown = `${JSON.stringify(rest)} as ${JSON.stringify(name)}`;
      throw new TimeError(`parsing time ${JSON.stringify(text)} as ${JSON.stringify(wanted)}: cannot parse ${shown}`);
    }
    read.push(found);
    rest = rest.slice(found.length);
  };
  for (const piece of pieces) take(piece);
  take(micro ? [/^\.\d{6}/, '.000000'] : [/^(?:[.,]\d+)?/, '']);
  take(zone);
  if (rest !== '') throw new TimeError(`parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`);
  return read;
}

function checkRange(text: string, inRange: boolean, what: string): void {
  if (!inRange) throw new TimeError(`parsing time ${JSON.stringify(text)}: ${what} out of range`);
}

function offsetMinutes(text: string, zoneText: string): number {
  if (zoneText === 'Z') return 0;
  const [hours, minutes] = [Number(zoneText.slice(1, 3)), Number(zoneText.slice(4))];
  checkRange(text, hours <= 24, 'time zone offset hour');
  checkRange(text, minutes < 60, 'time zone offset minute');
  return (zoneText.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function parse(text: string, micro: boolean): ParsedTime {
  const read = readPieces(text, micro);
  const number = (index: number): number => Number(read[index]);
  const [year, month, day] = [number(0), number(2), number(4)];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  checkRange(text, month >= 1 && month <= 12, 'month');
  checkRange(text, number(6) < 24, 'hour');
  checkRange(text, number(8) < 60, 'minute');
  checkRange(text, number(10) < 60, 'second');
  checkRange(text, day >= 1 && day <= (month === 2 && leap ? 29 : (daysIn[month - 1] ?? 0)), 'day');
  // setUTCFullYear rather than Date.UTC: years below 100 are what they say.
  const date = new Date(Date.UTC(2000, 0, 1, number(6), number(8), number(10)));
  date.setUTCFullYear(year, month - 1, day);
  return {
    epochMs: date.getTime() - offsetMinutes(text, read[12] ?? 'Z') * 60_000,
    fraction: (read[11] ?? '').slice(1),
  };
}

/** Reads RFC 3339 with any zone and fraction (kept to the millisecond). Throws {@link TimeError}. */
export function parseTime(text: string): Date {
  const { epochMs, fraction } = parse(text, false);
  return new Date(epochMs + Number(`${fraction}000`.slice(0, 3)));
}

/** Reads a MicroTime, which must have six decimals. Microseconds are cut to milliseconds. Throws {@link TimeError}. */
export function parseMicroTime(text: string): Date {
  const { epochMs, fraction } = parse(text, true);
  return new Date(epochMs + Number(fraction.slice(0, 3)));
}

/** meta/v1 Time: RFC 3339 in UTC, whole seconds (cut, not rounded). */
export function formatTime(date: Date): string {
  return `${date.toISOString().slice(0, -5)}Z`;
}

/** meta/v1 MicroTime: six decimals. */
export function formatMicroTime(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000Z`;
}

/** What the API stores for a Time that a client sent. Throws {@link TimeError}. */
export function canonicalizeTime(text: string): string {
  return formatTime(new Date(parse(text, false).epochMs));
}

/** What the API stores for a MicroTime that a client sent, to the microsecond. Throws {@link TimeError}. */
export function canonicalizeMicroTime(text: string): string {
  const { epochMs, fraction } = parse(text, true);
  return `${new Date(epochMs).toISOString().slice(0, -5)}.${fraction}Z`;
}

export { formatDuration, humanDuration, parseDuration } from './duration.js';
