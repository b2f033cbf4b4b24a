/** The JSONPath of CRD printer columns: fields, indices, wildcards and simple comparisons of an item's field. */

import { getOwn, isObject } from './json.js';

/** The text is no JSONPath, or one beyond this dialect. */
export class JsonPathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonPathError';
  }
}

interface Filter {
  path: readonly string[];
  equal: boolean;
  value: unknown;
}

type Step =
  | { kind: 'field'; name: string }
  | { kind: 'index'; index: number }
  | { kind: 'wildcard' }
  | { kind: 'filter'; filter: Filter };

export interface JsonPath {
  /** Every value the path leads to, none for a missing field. */
  find(value: unknown): unknown[];
  toString(): string;
}

const fieldText = /^(?:\\.|[^.[\]\\{}])+/;
const filterText = /^\?\(\s*@((?:\.(?:\\.|[\w/-])+)+)\s*(==|!=)\s*("[^"]*"|'[^']*'|-?\d+(?:\.\d+)?|true|false)\s*\)$/;

const withoutEscapes = (text: string): string => text.replace(/\\(.)/g, '$1');

function literal(text: string): unknown {
  if (/^["']/.test(text)) return text.slice(1, -1);
  return text === 'true' || text === 'false' ? text === 'true' : Number(text);
}

function parseFilter(content: string, whole: string): Filter {
  const [, path, operator, value] = filterText.exec(content) ?? [];
  if (path === undefined || value === undefined) {
    throw new JsonPathError(
      `jsonPath ${JSON.stringify(whole)}: only filters of the form [?(@.field=="value")] are supported`,
    );
  }
  const names = path.slice(1).match(/(?:\\.|[^.\\])+/g) ?? [];
  return { path: names.map(withoutEscapes), equal: operator === '==', value: literal(value) };
}

function parseBracket(content: string, whole: string): Step {
  const trimmed = content.trim();
  if (trimmed === '*') return { kind: 'wildcard' };
  if (/^-?\d+$/.test(trimmed)) return { kind: 'index', index: Number(trimmed) };
  if (/^'.*'$|^".*"$/s.test(trimmed)) return { kind: 'field', name: trimmed.slice(1, -1) };
  if (trimmed.startsWith('?')) return { kind: 'filter', filter: parseFilter(trimmed, whole) };
  throw new JsonPathError(`jsonPath ${JSON.stringify(whole)}: [${content}] is not supported`);
}

/** Position of the bracket that closes the one at `start`; brackets in quotes do not count. */
function closingBracket(text: string, start: number): number {
  let quote = '';
  for (let index = start + 1; index < text.length; index++) {
    const char = text.charAt(index);
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === ']') return index;
  }
  throw new JsonPathError(`jsonPath ${JSON.stringify(text)}: unterminated array`);
}

function parseSteps(text: string): Step[] {
  const steps: Step[] = [];
  let position = text.startsWith('$') || text.startsWith('@') ? 1 : 0;
  while (position < text.length) {
    const rest = text.slice(position);
    if (rest.startsWith('[')) {
      const end = closingBracket(text, position);
      steps.push(parseBracket(text.slice(position + 1, end), text));
      position = end + 1;
      continue;
    }
    if (rest.startsWith('..')) throw new JsonPathError(`jsonPath ${JSON.stringify(text)}: .. is not supported`);
    if (!rest.startsWith('.'))
      throw new JsonPathError(`jsonPath ${JSON.stringify(text)}: expected . or [ at ${position}`);
    if (rest === '.') return steps;
    if (rest.startsWith('.[')) {
      position++;
      continue;
    }
    const name = fieldText.exec(rest.slice(1))?.[0];
    if (name === undefined)
      throw new JsonPathError(`jsonPath ${JSON.stringify(text)}: expected a field at ${position + 1}`);
    steps.push(name === '*' ? { kind: 'wildcard' } : { kind: 'field', name: withoutEscapes(name) });
    position += 1 + name.length;
  }
  return steps;
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function passes({ path, equal, value }: Filter, item: unknown): boolean {
  let current: unknown = item;
  for (const name of path) current = isObject(current) ? getOwn(current, name) : undefined;
  return current !== undefined && (current === value) === equal;
}

function take(step: Step, value: unknown): unknown[] {
  switch (step.kind) {
    case 'field': {
      const found = isObject(value) ? getOwn(value, step.name) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'index': {
      const found: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'wildcard':
      return childrenOf(value);
    case 'filter':
      return childrenOf(value).filter((item) => passes(step.filter, item));
  }
}

/** Reads `.spec.replicas`, `.items[0]`, `.metadata.labels['a.b/c']`, `.status.conditions[?(@.type=="Ready")].status`. Throws {@link JsonPathError}. */
export function parseJsonPath(text: string): JsonPath {
  const inner = /^\{(.*)\}$/s.exec(text)?.[1] ?? text;
  if (inner === '') throw new JsonPathError('jsonPath must not be empty');
  const steps = parseSteps(inner);
  return {
    find: (value) => steps.reduce<unknown[]>((values, step) => values.flatMap((item) => take(step, item)), [value]),
    toString: () => text,
  };
}
