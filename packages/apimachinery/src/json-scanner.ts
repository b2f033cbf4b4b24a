/** Walks JSON text without building values: finds duplicate fields and words syntax errors as Go's encoding/json does. */

export interface JsonScan {
  /** Go's message; absent when the text is JSON. */
  error?: string;
  /** Paths of fields that repeat, each once. */
  duplicates: string[];
}

/** Deeper text is refused before it gets here; this keeps the recursion off the end of the stack. */
const maxDepth = 2_000;

class SyntaxProblem extends Error {}

const whitespace = ' \t\n\r';
const isDigit = (char: string): boolean => char >= '0' && char <= '9' && char !== '';

/** How Go quotes a character in its messages. */
function quoteChar(char: string): string {
  if (char === "'") return `'\\''`;
  if (char === '"') return `'"'`;
  const quoted = JSON.stringify(char);
  return `'${quoted.slice(1, -1)}'`;
}

class Scanner {
  readonly duplicates = new Set<string>();
  private position = 0;

  constructor(private readonly text: string) {}

  scan(): void {
    this.value('', 0);
    this.skipWhitespace();
    if (this.position < this.text.length) this.fail('after top-level value');
  }

  private fail(context: string): never {
    const char = this.text.charAt(this.position);
    if (char === '') throw new SyntaxProblem('unexpected end of JSON input');
    throw new SyntaxProblem(`invalid character ${quoteChar(char)} ${context}`);
  }

  private skipWhitespace(): void {
    while (this.position < this.text.length && whitespace.includes(this.text.charAt(this.position))) this.position++;
  }

  private peek(): string {
    this.skipWhitespace();
    return this.text.charAt(this.position);
  }

  private value(path: string, depth: number): void {
    if (depth > maxDepth) throw new SyntaxProblem('exceeded max depth');
    const char = this.peek();
    if (char === '{') this.object(path, depth);
    else if (char === '[') this.array(path, depth);
    else if (char === '"') this.string();
    else if (char === '-' || isDigit(char)) this.number();
    else if (char === 't') this.literal('true');
    else if (char === 'f') this.literal('false');
    else if (char === 'n') this.literal('null');
    else this.fail('looking for beginning of value');
  }

  private object(path: string, depth: number): void {
    this.position++;
    if (this.peek() === '}') {
      this.position++;
      return;
    }
    const seen = new Set<string>();
    for (;;) {
      if (this.peek() !== '"') this.fail('looking for beginning of object key string');
      const key = this.string();
      const child = path === '' ? key : `${path}.${key}`;
      if (seen.has(key)) this.duplicates.add(child);
      seen.add(key);
      if (this.peek() !== ':') this.fail('after object key');
      this.position++;
      this.value(child, depth + 1);
      const after = this.peek();
      if (after !== ',' && after !== '}') this.fail('after object key:value pair');
      this.position++;
      if (after === '}') return;
    }
  }

  private array(path: string, depth: number): void {
    this.position++;
    if (this.peek() === ']') {
      this.position++;
      return;
    }
    for (let index = 0; ; index++) {
      this.value(`${path}[${index}]`, depth + 1);
      const after = this.peek();
      if (after !== ',' && after !== ']') this.fail('after array element');
      this.position++;
      if (after === ']') return;
    }
  }

  private string(): string {
    const start = this.position++;
    for (;;) {
      const char = this.text.charAt(this.position);
      if (char === '' || char < ' ') this.fail('in string literal');
      this.position++;
      if (char === '"') return JSON.parse(this.text.slice(start, this.position)) as string;
      if (char === '\\') this.escape();
    }
  }

  private escape(): void {
    const char = this.text.charAt(this.position);
    if (char === '' || !'"\\/bfnrtu'.includes(char)) this.fail('in string escape code');
    this.position++;
    if (char !== 'u') return;
    for (let digit = 0; digit < 4; digit++) {
      if (!/[0-9a-fA-F]/.test(this.text.charAt(this.position))) this.fail('in \\u hexadecimal character escape');
      this.position++;
    }
  }

  private digits(context: string): void {
    if (!isDigit(this.text.charAt(this.position))) this.fail(context);
    while (isDigit(this.text.charAt(this.position))) this.position++;
  }

  private number(): void {
    if (this.text.charAt(this.position) === '-') this.position++;
    if (this.text.charAt(this.position) === '0') this.position++;
    else this.digits('in numeric literal');
    if (this.text.charAt(this.position) === '.') {
      this.position++;
      this.digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.text.charAt(this.position))) {
      this.position++;
      if (/[-+]/.test(this.text.charAt(this.position))) this.position++;
      this.digits('in exponent of numeric literal');
    }
  }

  private literal(word: string): void {
    for (const expected of word) {
      if (this.text.charAt(this.position) !== expected)
        this.fail(`in literal ${word} (expecting ${quoteChar(expected)})`);
      this.position++;
    }
  }
}

/** Linear in the length of `text`. After an error, `duplicates` holds what was found before it. */
export function scanJson(text: string): JsonScan {
  const scanner = new Scanner(text);
  try {
    scanner.scan();
    return { duplicates: [...scanner.duplicates] };
  } catch (problem) {
    if (!(problem instanceof SyntaxProblem)) throw problem;
    return { error: problem.message, duplicates: [...scanner.duplicates] };
  }
}
