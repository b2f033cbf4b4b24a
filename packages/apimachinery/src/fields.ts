/** Field selectors: the text of ?fieldSelector=. */

import { badRequest } from './status-error.js';

export interface FieldTerm {
  /** Dotted path: `metadata.name`, `spec.nodeName`. */
  field: string;
  op: '=' | '!=';
  value: string;
}

export interface FieldSelector {
  readonly terms: readonly FieldTerm[];
  readonly empty: boolean;
  /** `get` gives a field's text, '' where the object has none. */
  matches(get: (field: string) => string): boolean;
  /** The value that the selector demands of `field`, if it demands one. */
  requires(field: string): string | undefined;
  toString(): string;
}

const escapedValue = (value: string): string => value.replace(/[\\,=]/g, (char) => `\\${char}`);

class TermSelector implements FieldSelector {
  constructor(readonly terms: readonly FieldTerm[]) {}

  get empty(): boolean {
    return this.terms.length === 0;
  }

  matches(get: (field: string) => string): boolean {
    for (const { field, op, value } of this.terms) {
      if ((get(field) === value) !== (op === '=')) return false;
    }
    return true;
  }

  requires(field: string): string | undefined {
    return this.terms.find((term) => term.field === field && term.op === '=')?.value;
  }

  toString(): string {
    return this.terms.map(({ field, op, value }) => `${field}${op}${escapedValue(value)}`).join(',');
  }
}

/** Selects every object. */
export const everyField: FieldSelector = new TermSelector([]);

/** Cuts at commas that no backslash hides. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  let escaped = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (escaped) escaped = false;
    else if (char === '\\') escaped = true;
    else if (char === ',') {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

/** The first of `!=`, `==`, `=` in the term, whichever comes first. */
function splitTerm(term: string): { field: string; op: '=' | '!='; value: string } | undefined {
  for (let index = 0; index < term.length; index++) {
    const two = term.slice(index, index + 2);
    if (two === '!=' || two === '==') {
      return { field: term.slice(0, index), op: two === '!=' ? '!=' : '=', value: term.slice(index + 2) };
    }
    if (two.startsWith('=')) return { field: term.slice(0, index), op: '=', value: term.slice(index + 1) };
  }
  return undefined;
}

function unescapeValue(value: string): string {
  if (!/[\\,=]/.test(value)) return value;
  let text = '';
  let escaped = false;
  for (const char of value) {
    if (escaped) {
      if (char !== '\\' && char !== ',' && char !== '=') throw badEscape(`\\${char}`);
      text += char;
      escaped = false;
    } else if (char === '\\') escaped = true;
    else if (char === ',' || char === '=') {
      throw badRequest(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`);
    } else text += char;
  }
  if (escaped) throw badEscape('\\');
  return text;
}

function badEscape(sequence: string): Error {
  return badRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
}

/** Reads the value of `fieldSelector=`. Throws StatusError 400 with upstream's message. Empty text selects everything. */
export function parseFieldSelector(text: string): FieldSelector {
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text).sort()) {
    if (part === '') continue;
    const term = splitTerm(part);
    if (!term) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    terms.push({ ...term, value: unescapeValue(term.value) });
  }
  return terms.length === 0 ? everyField : new TermSelector(terms);
}
