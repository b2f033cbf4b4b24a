/**
 * JSON whose integers are Go's: what fits an int64 is kept exactly. Integers beyond 2^53 are bigints in parsed values, all other numbers are
 * Numbers, as Go has int64 and float64.
 */

const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;
/** 2^53 has 16 digits: no shorter number needs care. */
const longRun = 16;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** What may stand in front of a number's digits: a colon, a comma, a bracket, white space, a minus. */
function startsNumber(text: string, index: number): boolean {
  if (index < 0) return true;
  const code = text.charCodeAt(index);
  return code === 0x3a || code === 0x2c || code === 0x5b || code <= 0x20 || code === 0x2d;
}

/**
 * Whether a number could have 16 digits in a row. Looks at every sixteenth character only, which costs a hundredth of parsing; digits in
 * strings may pass for a number.
 */
export function mayHoldLongNumber(text: string): boolean {
  for (let index = longRun - 1; index < text.length; index += longRun) {
    if (!isDigit(text.charCodeAt(index))) continue;
    let start = index;
    while (start > 0 && isDigit(text.charCodeAt(start - 1))) start--;
    let end = index + 1;
    while (end < text.length && isDigit(text.charCodeAt(end))) end++;
    if (end - start >= longRun && startsNumber(text, start - 1)) return true;
    // No position in the run needs a second look; the next one is a whole run behind its end.
    index = end - 1;
  }
  return false;
}

/** An escape: a whole pair of surrogates, a half without its other one, or any other. */
const escapes = /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)/gs;

/** Go's decoder puts U+FFFD in the place of half a pair of surrogates, which has no form in UTF-8. */
function withoutHalves(text: string): string {
  if (!text.includes('\\ud') && !text.includes('\\uD')) return text;
  return text.replace(escapes, (whole, half?: string) => (half === undefined ? whole : '\\ufffd'));
}

/**
 * As JSON.parse, with bigints for the integers of int64 that a Number cannot hold, and with strings that are well-formed. Throws SyntaxError
 * likewise.
 */
export function parseExact(given: string): unknown {
  const text = withoutHalves(given);
  const value: unknown = JSON.parse(text);
  return mayHoldLongNumber(text) ? new ExactParser(text).value() : value;
}

/** The value of an integer's text: a bigint where a Number is not exact, a Number beyond int64. */
export function exactInteger(text: string): number | bigint {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(text);
  return exact >= minInt64 && exact <= maxInt64 ? exact : value;
}

/** A bigint within 2^53 becomes a Number. */
export function narrowed(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** For text that JSON.parse has accepted; recursion is as deep as that allowed. */
class ExactParser {
  private position = 0;

  constructor(private readonly text: string) {}

  value(): unknown {
    const char = this.next();
    if (char === '{') return this.object();
    if (char === '[') return this.array();
    if (char === '"') return this.string();
    return this.scalar();
  }

  private next(): string {
    while (this.text.charCodeAt(this.position) <= 0x20) this.position++;
    return this.text.charAt(this.position);
  }

  private object(): unknown {
    const object: Record<string, unknown> = {};
    this.position++;
    while (this.next() !== '}') {
      if (this.text.charAt(this.position) === ',') this.position++;
      this.next();
      const key = this.string();
      this.next();
      this.position++;
      const value = this.value();
      if (key !== '__proto__') object[key] = value;
      else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
    }
    this.position++;
    return object;
  }

  private array(): unknown[] {
    const items: unknown[] = [];
    this.position++;
    while (this.next() !== ']') {
      if (this.text.charAt(this.position) === ',') this.position++;
      items.push(this.value());
    }
    this.position++;
    return items;
  }

  private string(): string {
    const start = this.position++;
    while (this.text.charCodeAt(this.position) !== 0x22) {
      this.position += this.text.charCodeAt(this.position) === 0x5c ? 2 : 1;
    }
    return JSON.parse(this.text.slice(start, ++this.position)) as string;
  }

  private scalar(): unknown {
    const start = this.position;
    while (this.position < this.text.length && !endsScalar(this.text.charCodeAt(this.position))) this.position++;
    const word = this.text.slice(start, this.position);
    return /^-?[0-9]+$/.test(word) ? exactInteger(word) : JSON.parse(word);
  }
}

const endsScalar = (code: number): boolean => code === 0x2c || code === 0x7d || code === 0x5d || code <= 0x20;

/** As JSON.stringify without a replacer, for values with bigints. Free of charge where there are none. */
export function stringifyExact(value: unknown, indent = 0): string {
  try {
    return JSON.stringify(value, null, indent);
  } catch (cause) {
    // There is no cheaper way to learn of a bigint than to meet it.
    if (!(cause instanceof TypeError && cause.message.includes('BigInt'))) throw cause;
    return new ExactWriter(indent).text(value, '') ?? 'null';
  }
}

class ExactWriter {
  private readonly colon: string;

  constructor(private readonly indent: number) {
    this.colon = indent > 0 ? ': ' : ':';
  }

  /** Undefined for what JSON leaves out. */
  text(value: unknown, margin: string): string | undefined {
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.text(value.toJSON(), margin);
    const inner = margin + ' '.repeat(this.indent);
    if (Array.isArray(value)) {
      const items = value.map((item) => this.text(item, inner) ?? 'null');
      return this.block('[', items, ']', margin);
    }
    const fields: string[] = [];
    for (const [key, field] of Object.entries(value)) {
      const text = this.text(field, inner);
      if (text !== undefined) fields.push(`${JSON.stringify(key)}${this.colon}${text}`);
    }
    return this.block('{', fields, '}', margin);
  }

  private block(open: string, parts: readonly string[], close: string, margin: string): string {
    if (this.indent === 0 || parts.length === 0) return `${open}${parts.join(',')}${close}`;
    const inner = `\n${margin}${' '.repeat(this.indent)}`;
    return `${open}${inner}${parts.join(`,${inner}`)}\n${margin}${close}`;
  }
}
