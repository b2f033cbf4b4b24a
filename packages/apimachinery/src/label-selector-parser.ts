/** The text form of label selectors: `a=b,c in (d,e),!f`. */

import { formatFieldError, invalid } from './field-error.js';
import { newRequirement, type Requirement, type Selector, type SelectorOperator, selectorOf } from './labels.js';
import { isQualifiedName } from './names.js';
import { badRequest, StatusError } from './status-error.js';

type TokenKind =
  | 'error'
  | 'end'
  | ')'
  | ','
  | '!'
  | '=='
  | '='
  | '>'
  | 'identifier'
  | 'in'
  | '<'
  | '!='
  | 'notin'
  | '(';

interface Token {
  kind: TokenKind;
  text: string;
}

const literals: ReadonlySet<string> = new Set([')', ',', '!', '==', '=', '>', 'in', '<', '!=', 'notin', '(']);
const symbols = '=!(),><';
const isWhitespace = (char: string): boolean => char === ' ' || char === '\t' || char === '\r' || char === '\n';

/** The longest operator that begins at `start`, as upstream's lexer finds it: `=!` is not one, so `=` it is. */
function scanSymbol(text: string, start: number): { token: Token; next: number } {
  let found: Token | undefined;
  let end = start;
  while (end < text.length && symbols.includes(text.charAt(end))) {
    const candidate = text.slice(start, end + 1);
    if (literals.has(candidate)) found = { kind: candidate as TokenKind, text: candidate };
    else if (found) break;
    end++;
  }
  if (!found) {
    return { token: { kind: 'error', text: `error expected: keyword found '${text.slice(start, end)}'` }, next: end };
  }
  return { token: found, next: end };
}

function scanWord(text: string, start: number): { token: Token; next: number } {
  let end = start;
  while (end < text.length && !symbols.includes(text.charAt(end)) && !isWhitespace(text.charAt(end))) end++;
  const word = text.slice(start, end);
  return { token: { kind: literals.has(word) ? (word as TokenKind) : 'identifier', text: word }, next: end };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  for (;;) {
    while (position < text.length && isWhitespace(text.charAt(position))) position++;
    const char = text.charAt(position);
    if (char === '' || char === '\0') break;
    const { token, next } = symbols.includes(char) ? scanSymbol(text, position) : scanWord(text, position);
    tokens.push(token);
    position = next;
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

/** Recursive descent with upstream's messages; every method leaves the cursor behind what it read. */
class Parser {
  private position = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const token = this.peek();
      if (token.kind === 'end') return requirements;
      if (token.kind !== 'identifier' && token.kind !== '!') {
        throw badRequest(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.requirement());
      const after = this.take();
      if (after.kind === 'end') return requirements;
      if (after.kind !== ',') throw badRequest(`found '${after.text}', expected: ',' or 'end of string'`);
      const following = this.peek();
      if (following.kind !== 'identifier' && following.kind !== '!') {
        throw badRequest(`found '${following.text}', expected: identifier after ','`);
      }
    }
  }

  /** `in` and `notin` are names wherever no operator is expected. */
  private peek(): Token {
    const token = this.tokens[this.position] ?? { kind: 'end', text: '' };
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;
  }

  private take(): Token {
    const token = this.peek();
    this.position++;
    return token;
  }

  private requirement(): Requirement {
    try {
      const { key, unary } = this.key();
      if (unary) return newRequirement(key, unary, []);
      const operator = this.operator();
      const values = operator === 'in' || operator === 'notin' ? this.valueSet() : [this.exactValue()];
      return newRequirement(key, operator, [...new Set(values)].sort());
    } catch (cause) {
      if (!(cause instanceof StatusError)) throw cause;
      throw badRequest(`unable to parse requirement: ${cause.message}`);
    }
  }

  private key(): { key: string; unary?: 'exists' | '!' } {
    let token = this.take();
    const negated = token.kind === '!';
    if (negated) token = this.take();
    if (token.kind !== 'identifier') throw badRequest(`found '${token.text}', expected: identifier`);
    const errors = isQualifiedName(token.text);
    if (errors.length > 0) {
      throw badRequest(formatFieldError(invalid('<nil>', token.text, errors.join('; '))));
    }
    if (negated) return { key: token.text, unary: '!' };
    const next = this.peek().kind;
    return next === 'end' || next === ',' ? { key: token.text, unary: 'exists' } : { key: token.text };
  }

  private operator(): SelectorOperator {
    const token = this.tokens[this.position++] ?? { kind: 'end', text: '' };
    switch (token.kind) {
      case 'in':
      case 'notin':
      case '=':
      case '==':
      case '!=':
        return token.kind;
      case '>':
        return 'gt';
      case '<':
        return 'lt';
      default:
        throw badRequest(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  private exactValue(): string {
    const next = this.peek();
    if (next.kind === 'end' || next.kind === ',') return '';
    const token = this.take();
    if (token.kind !== 'identifier') throw badRequest(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  private valueSet(): string[] {
    const open = this.take();
    if (open.kind !== '(') throw badRequest(`found '${open.text}' expected: '('`);
    const first = this.peek();
    if (first.kind === ')') {
      this.take();
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',') {
      throw badRequest(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const values = this.valueList();
    this.take();
    return values;
  }

  /** Up to, not including, the closing parenthesis. Empty places between commas are empty values. */
  private valueList(): string[] {
    const values: string[] = [];
    for (;;) {
      const token = this.take();
      const next = this.peek();
      if (token.kind === 'identifier') {
        values.push(token.text);
        if (next.kind === ')') return values;
        if (next.kind !== ',') throw badRequest(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (values.length === 0 || next.kind === ',') values.push('');
        if (next.kind === ')') return [...values, ''];
      } else {
        throw badRequest(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }
}

/** Reads the value of `labelSelector=`. Throws StatusError 400 with upstream's message. Empty text selects everything. */
export function parseSelector(text: string): Selector {
  return selectorOf(new Parser(tokenize(text)).parse());
}
