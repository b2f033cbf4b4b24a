/** Resource quantities: "100m", "1.5Gi", "2e3". Exact, immutable, written as upstream writes them. */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** The text is no quantity; the messages are upstream's. */
export class QuantityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QuantityError';
  }
}

const formatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const suffixWrong = "unable to parse quantity's suffix";

/** Sign, integer digits without leading zeros, fraction, suffix. Only one way to match each text: it takes linear time, whatever the text. */
const grammar = /^([+-]?)0*((?:[1-9][0-9]*)?)(?:\.([0-9]*))?((?:[eEinumkKMGTP]+[-+]?[0-9]*|[-+][0-9]*)?)$/;

interface Suffix {
  base: 2 | 10;
  exponent: number;
  format: QuantityFormat;
}

const decimalNames = new Map<number, string>([
  [-9, 'n'],
  [-6, 'u'],
  [-3, 'm'],
  [0, ''],
  [3, 'k'],
  [6, 'M'],
  [9, 'G'],
  [12, 'T'],
  [15, 'P'],
  [18, 'E'],
]);
const binaryNames = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const suffixes = new Map<string, Suffix>([
  ...[...decimalNames].map(([exponent, name]): [string, Suffix] => [name, { base: 10, exponent, format: 'DecimalSI' }]),
  ...binaryNames
    .slice(1)
    .map((name, index): [string, Suffix] => [name, { base: 2, exponent: 10 * (index + 1), format: 'BinarySI' }]),
]);

const finest = -9;
const coarsest = 18;
const maxInt64 = 2n ** 63n - 1n;
// Powers of ten beyond this are no amounts of anything and would only cost memory.
const maxExponent = 1000;

function interpretSuffix(text: string): Suffix {
  const known = suffixes.get(text);
  if (known) return known;
  const exponent = /^[eE]([-+]?[0-9]+)$/.exec(text)?.[1];
  if (exponent === undefined || Math.abs(Number(exponent)) > maxExponent) throw new QuantityError(suffixWrong);
  return { base: 10, exponent: Number(exponent), format: 'DecimalExponent' };
}

const powersOfTen = Array.from({ length: 40 }, (_, exponent) => 10n ** BigInt(exponent));
const pow10 = (exponent: number): bigint => powersOfTen[exponent] ?? 10n ** BigInt(exponent);

/** `dividend / divisor`, away from zero: who asks for a little gets a little. */
function divideUp(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  if (quotient * divisor === dividend) return quotient;
  return dividend < 0n ? quotient - 1n : quotient + 1n;
}

/** A fixed-point number `mantissa * 10^exponent` that remembers how it likes to be written. */
export class Quantity {
  static readonly zero = new Quantity(0n, 0, 'DecimalSI', '0');

  private constructor(
    private readonly mantissa: bigint,
    private readonly exponent: number,
    readonly format: QuantityFormat,
    private text?: string,
  ) {}

  /** Throws {@link QuantityError}. Finer than nano is rounded up; binary amounts end at 2^63-1. */
  static parse(text: string): Quantity {
    const parts = text === '' ? null : grammar.exec(text);
    if (!parts) throw new QuantityError(formatWrong);
    const [, sign = '', digits = '', fraction = '', suffixText = ''] = parts;
    const suffix = interpretSuffix(suffixText);
    const shifted = (digits === '' ? '0' : digits) + fraction;
    let mantissa = BigInt(shifted);
    if (mantissa === 0n) return new Quantity(0n, 0, suffix.format, '0');
    const written = keepsText(shifted, fraction, suffix) ? text : undefined;
    let exponent = (suffix.base === 10 ? suffix.exponent : 0) - fraction.length;
    if (suffix.base === 2) mantissa <<= BigInt(suffix.exponent);
    if (exponent < finest) {
      mantissa = divideUp(mantissa, pow10(finest - exponent));
      exponent = finest;
    }
    let format = suffix.format;
    if (format === 'BinarySI') {
      const unit = pow10(-exponent);
      if (mantissa > maxInt64 * unit) [mantissa, exponent] = [maxInt64, 0];
      else if (mantissa < unit) format = 'DecimalSI';
    }
    return new Quantity(sign === '-' ? -mantissa : mantissa, exponent, format, written);
  }

  /** `value * 10^exponent`; milli is exponent -3. `value` must be an integer. */
  static of(value: number | bigint, format: QuantityFormat = 'DecimalSI', exponent = 0): Quantity {
    return new Quantity(BigInt(value), exponent, format);
  }

  /** A zero takes over the other's format, so that sums are written as their parts are. */
  add(other: Quantity): Quantity {
    const format = this.mantissa === 0n ? other.format : this.format;
    const exponent = Math.min(this.exponent, other.exponent);
    return new Quantity(this.at(exponent) + other.at(exponent), exponent, format);
  }

  sub(other: Quantity): Quantity {
    const format = this.mantissa === 0n ? other.format : this.format;
    const exponent = Math.min(this.exponent, other.exponent);
    return new Quantity(this.at(exponent) - other.at(exponent), exponent, format);
  }

  /** Times an integer. */
  mul(factor: number | bigint): Quantity {
    return new Quantity(this.mantissa * BigInt(factor), this.exponent, this.format);
  }

  neg(): Quantity {
    return new Quantity(-this.mantissa, this.exponent, this.format);
  }

  /** -1, 0 or 1. */
  compare(other: Quantity): number {
    const exponent = Math.min(this.exponent, other.exponent);
    const [left, right] = [this.at(exponent), other.at(exponent)];
    return left < right ? -1 : left > right ? 1 : 0;
  }

  equals(other: Quantity): boolean {
    return this.compare(other) === 0;
  }

  isZero(): boolean {
    return this.mantissa === 0n;
  }

  /** -1, 0 or 1. */
  sign(): number {
    return this.mantissa < 0n ? -1 : this.mantissa > 0n ? 1 : 0;
  }

  /** The nearest double: 0.1 for "100m". */
  toNumber(): number {
    return this.exponent >= 0 ? Number(this.at(0)) : Number(`${this.mantissa}e${this.exponent}`);
  }

  /** In whole units, rounded away from zero. */
  value(): number {
    return Number(this.scaled(0));
  }

  /** In thousandths, rounded away from zero: 100 for "100m". */
  milliValue(): number {
    return Number(this.scaled(-3));
  }

  /** In units of `10^exponent`, rounded away from zero; exact. */
  scaled(exponent: number): bigint {
    return this.exponent >= exponent ? this.at(exponent) : divideUp(this.mantissa, pow10(exponent - this.exponent));
  }

  /** The canonical form: no fraction, the largest suffix that loses nothing. */
  toString(): string {
    this.text ??= this.canonical();
    return this.text;
  }

  toJSON(): string {
    return this.toString();
  }

  private at(exponent: number): bigint {
    return exponent === this.exponent ? this.mantissa : this.mantissa * pow10(this.exponent - exponent);
  }

  private canonical(): string {
    if (this.mantissa === 0n) return '0';
    return (this.format === 'BinarySI' ? this.binary() : undefined) ?? this.decimal();
  }

  /** Nothing for small or fractional amounts: they read better, or only, in decimal. */
  private binary(): string | undefined {
    const whole = this.scaled(0);
    if ((whole > -1024n && whole < 1024n) || Quantity.of(whole).compare(this) !== 0) return undefined;
    let amount = whole;
    let index = 0;
    while (index < binaryNames.length - 1 && amount % 1024n === 0n) {
      amount /= 1024n;
      index++;
    }
    return `${amount}${binaryNames[index]}`;
  }

  private decimal(): string {
    let amount = this.mantissa;
    let exponent = this.exponent;
    while (amount % 10n === 0n) {
      amount /= 10n;
      exponent++;
    }
    const siSuffix = this.format !== 'DecimalExponent';
    // Upstream has no suffix above E and loses the exponent there; we keep the digits instead.
    const target = siSuffix ? Math.min(Math.floor(exponent / 3) * 3, coarsest) : Math.floor(exponent / 3) * 3;
    amount *= pow10(exponent - target);
    if (siSuffix) return `${amount}${decimalNames.get(target) ?? ''}`;
    return target === 0 ? `${amount}` : `${amount}e${target}`;
  }
}

/** Whether upstream's fast path takes the text for canonical and repeats it as it came ("1E3", "1.500", "1025Ki"). */
function keepsText(shifted: string, fraction: string, suffix: Suffix): boolean {
  if (suffix.base === 2) {
    const precision = 15 - shifted.length - Math.trunc((suffix.exponent * 3) / 10) - 1;
    return fraction === '' && precision >= 0 && BigInt(shifted) % 8n !== 0n;
  }
  const exponent = suffix.exponent - fraction.length;
  if (exponent < finest || shifted.length > coarsest) return false;
  return exponent % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0');
}

/** Throws {@link QuantityError}. */
export function parseQuantity(text: string | number): Quantity {
  return Quantity.parse(typeof text === 'number' ? String(text) : text.trim());
}

/** What the API stores for a quantity a client sent: `"0.5"` becomes `"500m"`. Throws {@link QuantityError}. */
export function canonicalizeQuantity(text: string | number): string {
  return parseQuantity(text).toString();
}

/** The sum; "0" for none. */
export function sumQuantities(quantities: Iterable<Quantity>): Quantity {
  let sum = Quantity.zero;
  for (const quantity of quantities) sum = sum.add(quantity);
  return sum;
}
