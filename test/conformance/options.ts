import { parseArgs } from 'node:util';

/** What one run of the suite is asked to do. */
export interface Options {
  /** Upstream's `e2e.test`. */
  readonly binary: string;
  readonly kubeconfig: string;
  /** Go regular expressions on the full name of a test. */
  readonly focus: string;
  readonly skip: string;
  /** Folder that gets the logs, the reports and the summary. */
  readonly results: string;
  /** How many groups of tests run at the same time; at least 1. */
  readonly parallel: number;
  /** Seconds after which a group of tests is ended and counts as failed. */
  readonly groupTimeout: number;
  /** Given to the binary as they are. */
  readonly extra: readonly string[];
}

export const defaultFocus = String.raw`\[Conformance\]`;
/** Tests that want the cluster for themselves are asked for by name. */
export const defaultSkip = String.raw`\[Serial\]|\[Disruptive\]|\[Slow\]`;

/** Something is wrong with what was asked: one sentence for the user. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

/** Reads the command line. Throws OptionsError with one sentence. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  return {
    binary: required('binary', values.binary),
    kubeconfig: required('kubeconfig', values.kubeconfig),
    results: required('results', values.results),
    focus: values.focus ?? defaultFocus,
    skip: values.skip ?? defaultSkip,
    parallel: positive('parallel', values.parallel ?? '1'),
    groupTimeout: positive('group-timeout', values['group-timeout'] ?? '7200'),
    extra: positionals,
  };
}

type Parsed = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const names = { binary: text, kubeconfig: text, results: text, focus: text, skip: text, parallel: text };
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { ...names, 'group-timeout': text } });
  } catch (error) {
    throw new OptionsError(error instanceof Error ? error.message : String(error));
  }
}

function required(name: keyof Parsed['values'], value: string | undefined): string {
  if (value === undefined || value === '') throw new OptionsError(`--${name} is required.`);
  return value;
}

function positive(name: string, value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value))
    throw new OptionsError(`--${name} must be a whole number from 1 to 999999, not "${value}".`);
  return Number(value);
}
