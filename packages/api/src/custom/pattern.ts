/** Regular expressions of schemas. RE2 matches in linear time whatever the expression, and knows exactly what Go knows. */
import { RE2JS, RE2JSException } from 're2js';

/** The text is no regular expression; the message is Go's. */
export class PatternError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PatternError';
  }
}

/** Instructions that an expression may compile to: each of them may have to be looked at for each character of a value. */
const maxProgramSize = 10_000;
/** Length times the greatest repetition: bounds what compiling can make of an expression before its size is known. */
const maxExpansion = 500_000;
/** Instructions of all expressions that are kept. */
const maxKeptSize = 200_000;
/** Instructions times characters that the values of one object may cost: about a second in the worst case. */
const maxSteps = 30_000_000;

const compiled = new Map<string, RE2JS>();
let keptSize = 0;

/** What matching the values of one object has cost so far. */
export class PatternWork {
  #steps = 0;

  /** Whether `value` holds a match of `pattern` anywhere; undefined when finding out would take too long. Throws {@link PatternError}. */
  matches(pattern: string, value: string): boolean | undefined {
    const expression = compilePattern(pattern);
    this.#steps += expression.programSize() * value.length;
    return this.#steps > maxSteps ? undefined : expression.matcher(value).find();
  }
}

/** Throws {@link PatternError} for what is no regular expression, look-arounds and back-references among them, and for too large ones. */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known) return known;
  if (pattern.length * greatestRepetition(pattern) > maxExpansion) throw tooLarge();
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) throw new PatternError(error.message);
    throw error;
  }
  const size = expression.programSize();
  if (size > maxProgramSize) throw tooLarge();
  if (keptSize + size > maxKeptSize) {
    compiled.clear();
    keptSize = 0;
  }
  compiled.set(pattern, expression);
  keptSize += size;
  return expression;
}

function greatestRepetition(pattern: string): number {
  let greatest = 1;
  for (const [, least, most] of pattern.matchAll(/\{(\d{1,4})(?:,(\d{0,4}))?\}/g)) {
    greatest = Math.max(greatest, Number(least), Number(most ?? 0));
  }
  return greatest;
}

const tooLarge = (): PatternError => new PatternError('error parsing regexp: expression too large');
