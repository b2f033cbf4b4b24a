/** Regular expressions of schemas. RE2 matches in linear time whatever the expression, and knows exactly what Go knows. */
import { RE2JS, RE2JSException } from 're2js';

/** The text is no regular expression; the message is Go's. */
export class PatternError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PatternError';
  }
}

const maxKept = 1_000;
const compiled = new Map<string, RE2JS>();

/** Whether `value` holds a match of `pattern` anywhere. Throws {@link PatternError}. */
export function matchesPattern(pattern: string, value: string): boolean {
  return compilePattern(pattern).matcher(value).find();
}

/** Throws {@link PatternError} for what is no regular expression, look-arounds and back-references among them. */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known) return known;
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) throw new PatternError(error.message);
    throw error;
  }
  if (compiled.size >= maxKept) compiled.clear();
  compiled.set(pattern, expression);
  return expression;
}
