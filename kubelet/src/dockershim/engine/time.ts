/** The engine's times (RFC 3339 with up to nine digits) as nanoseconds since the epoch; its "never" (year 1) is 0. */
export function nanoseconds(text: string | undefined): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text ?? '');
  if (!match) return 0;
  const [, seconds, fraction = '', zone] = match;
  const epochMs = Date.parse(`${seconds}${zone}`);
  return epochMs <= 0 ? 0 : epochMs * 1e6 + Number(fraction.padEnd(9, '0'));
}
