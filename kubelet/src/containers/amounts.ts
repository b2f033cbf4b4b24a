/** Quantities as plain numbers: what cgroups and downward API fields are made of. */

const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

/** The amount in units; 0 for an absent quantity. Throws on what is no quantity. */
export function amountOf(quantity: string | number | undefined): number {
  if (quantity === undefined) return 0;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(String(quantity));
  if (!match) throw new Error(`"${quantity}" is not a quantity`);
  const [, digits, exponent, suffix] = match;
  return exponent ? Number(`${digits}${exponent}`) : Number(digits) * (suffixes[suffix ?? ''] ?? 1);
}

/** Thousandths, rounded up as upstream's MilliValue. */
export function milliOf(quantity: string | number | undefined): number {
  return Math.ceil(round(amountOf(quantity) * 1000));
}

/** Whole units, rounded up as upstream's Value. */
export function bytesOf(quantity: string | number | undefined): number {
  return Math.ceil(round(amountOf(quantity)));
}

/** Takes away binary floating point dust (0.1 + 0.2) without touching what matters. */
function round(value: number): number {
  return Number(value.toPrecision(15));
}
