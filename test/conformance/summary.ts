import { sigOf } from './groups.js';
import { firstErrorLine, type TestCase } from './junit.js';
import { type KnownOutcome, knownReasonOf } from './known-reasons.js';

export const outcomes = ['passed', 'failed', 'skipped', 'removed upstream', 'not yet'] as const;
export type Outcome = 'passed' | 'failed' | 'skipped' | KnownOutcome;

/** One line of the result. */
export interface Result {
  readonly name: string;
  readonly sig: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** First line of the error, or why it is not expected to pass; empty for a test that passed. */
  readonly reason: string;
}

/** `version`: of the suite. */
export function toResult(test: TestCase, version: string): Result {
  const { name, seconds } = test;
  const base = { name, sig: sigOf(name), seconds };
  if (test.outcome !== 'failed') return { ...base, outcome: test.outcome, reason: '' };
  const expected = knownReasonOf(name, version);
  if (expected) return { ...base, outcome: expected.outcome, reason: expected.reason };
  return { ...base, outcome: 'failed', reason: firstErrorLine(test.message) };
}

/** One line per owner and one for all of them. `percent`: passed of those that ran and could pass; undefined when none could. */
export interface Count extends Readonly<Record<Outcome, number>> {
  readonly sig: string;
  readonly percent: number | undefined;
}

export function countBySig(results: readonly Result[]): Count[] {
  const sigs = [...new Set(results.map(({ sig }) => sig))].sort();
  const counts = sigs.map((sig) =>
    count(
      sig,
      results.filter((result) => result.sig === sig),
    ),
  );
  return [...counts, count('all', results)];
}

function count(sig: string, results: readonly Result[]): Count {
  const of = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  const numbers = Object.fromEntries(outcomes.map((outcome) => [outcome, of(outcome)])) as Record<Outcome, number>;
  const could = numbers.passed + numbers.failed;
  return { sig, ...numbers, percent: could === 0 ? undefined : Math.floor((1000 * numbers.passed) / could) / 10 };
}

/** Tab-separated, one line per test, with a heading. */
export function toTable(results: readonly Result[]): string {
  const cell = (value: string): string => value.replace(/\s+/g, ' ');
  const lines = results.map((result) =>
    [result.outcome, result.sig, result.seconds.toFixed(1), cell(result.name), cell(result.reason)].join('\t'),
  );
  return `${['outcome\tsig\tseconds\tname\treason', ...lines].join('\n')}\n`;
}

/** The summary as text: counts per owner, then what failed and why. */
export function toText(results: readonly Result[]): string {
  const head = ['sig', ...outcomes, 'of those that could pass'];
  const rows = countBySig(results).map((line) => [
    line.sig,
    ...outcomes.map((outcome) => String(line[outcome])),
    line.percent === undefined ? '-' : `${line.percent} %`,
  ]);
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]!.length)));
  const table = [head, ...rows].map((row) =>
    row
      .map((text, index) => text.padEnd(widths[index]!))
      .join('  ')
      .trimEnd(),
  );
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  const list = failed.map(({ name, reason }) => `- ${name}\n    ${reason}`);
  return `${[...table, ...(list.length === 0 ? [] : ['', 'Failed:', ...list])].join('\n')}\n`;
}
