/** The string formats that upstream's schema validation knows. Others are notes to the reader and check nothing. */
import { parseCIDR, parseIP } from '@kubelab/apimachinery/ip';

type Format = (value: string) => boolean;

const matching =
  (pattern: RegExp): Format =>
  (value) =>
    pattern.test(value);

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

function isDate(value: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value) ?? [];
  if (year === undefined) return false;
  const number = Number(month);
  return number >= 1 && number <= 12 && Number(day) >= 1 && Number(day) <= daysIn(Number(year), number);
}

function isDateTime(value: string): boolean {
  const [, date = '', hours, minutes, seconds] =
    /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2})?$/.exec(value) ?? [];
  return isDate(date) && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) <= 60;
}

function isUri(value: string): boolean {
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:[^\s]*$/.test(value) || (value.startsWith('/') && !/\s/.test(value));
}

function isHostname(value: string): boolean {
  if (value.length === 0 || value.length > 255) return false;
  return value
    .replace(/\.$/, '')
    .split('.')
    .every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
}

const uuid = (version: string, variant = '[89ab]'): Format =>
  matching(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'));

const durationUnit =
  /^(?:ns|nano|us|µs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|wk|week|nanosecond|microsecond|millisecond|second|minute)s?$/i;

/** `1h30m`, `3 days`. Each unit has one way to be read, so that no text makes the expression backtrack. */
function isDuration(value: string): boolean {
  if (value === '0') return true;
  if (!/^\s*-?(?:\d+(?:\.\d+)?\s*[a-zA-Zµ]+\s*)+$/.test(value)) return false;
  return (value.match(/[a-zA-Zµ]+/g) ?? []).every((unit) => durationUnit.test(unit));
}

const formats: Readonly<Record<string, Format | undefined>> = Object.assign(Object.create(null), {
  bsonobjectid: matching(/^[0-9a-fA-F]{24}$/),
  byte: matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  cidr: (value: string) => parseCIDR(value) !== undefined,
  creditcard: matching(/^[\d -]{12,23}$/),
  date: isDate,
  'date-time': isDateTime,
  datetime: isDateTime,
  duration: isDuration,
  email: matching(/^[^\s@<>]{1,64}@[^\s@<>]{1,255}$/),
  hexcolor: matching(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  hostname: isHostname,
  ipv4: (value: string) => !value.includes(':') && parseIP(value) !== undefined,
  ipv6: (value: string) => value.includes(':') && parseIP(value) !== undefined,
  isbn: matching(/^(?:\d[ -]?){9}[\dX]$|^(?:\d[ -]?){13}$/),
  isbn10: matching(/^(?:\d[ -]?){9}[\dX]$/),
  isbn13: matching(/^(?:\d[ -]?){13}$/),
  mac: matching(/^(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$|^(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}$/),
  rgbcolor: matching(/^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$/),
  ssn: matching(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  uri: isUri,
  uuid: uuid('[0-9a-f]', '[0-9a-f]'),
  uuid3: uuid('3', '[0-9a-f]'),
  uuid4: uuid('4'),
  uuid5: uuid('5'),
});

/** Whether `value` has the format; true for formats that are not known. */
export function hasFormat(format: string, value: string): boolean {
  return formats[format]?.(value) ?? true;
}
