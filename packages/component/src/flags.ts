/**
 * Command-line flags with upstream's names, typed from one table. Syntax as Go's: `--name=value`, `--name value`, `--bool`, `--bool=false`,
 * and repeated or comma-separated lists.
 */

import { parseDuration } from '@kubelab/apimachinery/duration';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

export interface Flag<T> {
  readonly description: string;
  readonly default: T;
  /** How the value is written in the help: `string`, `int`, `duration`. */
  readonly placeholder: string;
  /** Throws an Error that says what is wrong with `text`. `previous` is the value so far, undefined before the first use. */
  parse(text: string, previous: T | undefined): T;
  readonly boolean?: boolean;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type FlagValues<F extends Flags> = { -readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

export function stringFlag(description: string, defaultValue = ''): Flag<string> {
  return { description, default: defaultValue, placeholder: 'string', parse: (text) => text };
}

export function listFlag(description: string, defaultValue: readonly string[] = []): Flag<readonly string[]> {
  return {
    description,
    default: defaultValue,
    placeholder: 'strings',
    parse: (text, previous) => [
      ...(previous ?? []),
      ...text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ],
  };
}

export function intFlag(description: string, defaultValue: number): Flag<number> {
  return {
    description,
    default: defaultValue,
    placeholder: 'int',
    parse: (text) => {
      if (!/^-?\d+$/.test(text)) throw new Error(`must be a whole number, not "${text}"`);
      return Number(text);
    },
  };
}

export function numberFlag(description: string, defaultValue: number): Flag<number> {
  return {
    description,
    default: defaultValue,
    placeholder: 'number',
    parse: (text) => {
      const value = Number(text);
      if (text.trim() === '' || !Number.isFinite(value)) throw new Error(`must be a number, not "${text}"`);
      return value;
    },
  };
}

/** The value is in milliseconds; it is written as in Go: `40s`, `5m0s`, `100ms`. */
export function durationFlag(description: string, defaultMs: number): Flag<number> {
  return { description, default: defaultMs, placeholder: 'duration', parse: parseDuration };
}

export function boolFlag(description: string, defaultValue = false): Flag<boolean> {
  return {
    description,
    default: defaultValue,
    placeholder: 'bool',
    boolean: true,
    parse: (text) => {
      if (/^(true|t|1)$/i.test(text)) return true;
      if (/^(false|f|0)$/i.test(text)) return false;
      throw new Error(`must be true or false, not "${text}"`);
    },
  };
}

/** The command line is not what the program understands; `message` is one line for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `--help` was asked for; `text` is the answer. */
export class HelpRequested extends Error {
  override readonly name = 'HelpRequested';
  constructor(readonly text: string) {
    super('help requested');
  }
}

/** Throws UsageError or HelpRequested. `argv` is without the program's own path. */
export function parseFlags<F extends Flags>(
  program: { name: string; description: string; flags: F },
  argv: readonly string[],
): FlagValues<F> {
  const values = new Map<string, unknown>();
  const output: string[] = [];
  const command = new Command(program.name)
    .description(program.description)
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({ writeOut: (text) => output.push(text), writeErr: () => undefined });
  for (const [name, flag] of Object.entries(program.flags)) command.addOption(optionOf(name, flag, values));
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') throw new HelpRequested(output.join(''));
    throw new UsageError(error.message.replace(/^error: /, ''));
  }
  return Object.fromEntries(
    Object.entries(program.flags).map(([name, flag]) => [name, values.has(name) ? values.get(name) : flag.default]),
  ) as FlagValues<F>;
}

function optionOf(name: string, flag: Flag<unknown>, values: Map<string, unknown>): Option {
  const syntax = flag.boolean ? `--${name} [bool]` : `--${name} <${flag.placeholder}>`;
  return new Option(syntax, `${flag.description}${describeDefault(flag.default)}`)
    .argParser((text: string) => {
      try {
        values.set(name, flag.parse(text, values.get(name)));
      } catch (error) {
        throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
      }
      return values.get(name);
    })
    .preset(flag.boolean ? 'true' : undefined);
}

function describeDefault(value: unknown): string {
  if (value === '' || (Array.isArray(value) && value.length === 0)) return '';
  return ` (default ${Array.isArray(value) ? value.join(',') : String(value)})`;
}
