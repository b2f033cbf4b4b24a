import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Binary } from './binary.js';
import { focusOn, type Group, groupTests } from './groups.js';
import type { TestCase } from './junit.js';
import { type Options, OptionsError } from './options.js';
import { type Call, lastLines, runBinary } from './run-binary.js';
import { countBySig, type Result, toResult, toTable, toText } from './summary.js';

/** Tests of one call: few enough that an interrupted run loses little. */
const groupSize = 25;

export interface Run {
  readonly options: Options;
  readonly binary: Binary;
  readonly write: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Lists the tests, runs them group by group and writes the results after each. Gives all of them. */
export async function runSuite(run: Run): Promise<Result[]> {
  const { options, binary, write } = run;
  mkdirSync(options.results, { recursive: true });
  write(`${binary.path} is ${binary.version}`);
  const groups = groupTests(await listTests(run), groupSize);
  const total = groups.reduce((sum, { names }) => sum + names.length, 0);
  write(`${total} tests in ${groups.length} groups`);
  const results: Result[] = [];
  const waiting = [...groups];
  const worker = async (): Promise<void> => {
    for (let group = waiting.shift(); group && !run.signal.aborted; group = waiting.shift()) {
      results.push(...(await runGroup(run, group)));
      writeResults(options.results, binary.version, results);
      const passed = results.filter(({ outcome }) => outcome === 'passed').length;
      write(`${group.id}: done; ${passed} of ${results.length} passed so far, ${total - results.length} to go`);
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, worker));
  return results;
}

async function listTests(run: Run): Promise<string[]> {
  const { focus, skip, results } = run.options;
  const folder = join(results, 'list');
  const { tests, ending } = await runBinary({ ...callOf(run), focus, skip, dryRun: true, folder });
  if (!tests) throw new OptionsError(`${run.binary.path} cannot list its tests (${ending}):\n${lastLines(folder, 5)}`);
  const names = tests.filter(({ outcome }) => outcome !== 'skipped').map(({ name }) => name);
  if (names.length === 0) throw new OptionsError(`No test matches the focus ${focus} without the skip ${skip}.`);
  return names;
}

async function runGroup(run: Run, group: Group): Promise<Result[]> {
  const folder = join(run.options.results, group.id);
  const focus = focusOn(group.names);
  const { tests, ending } = await runBinary({ ...callOf(run), focus, skip: '', dryRun: false, folder });
  return group.names.map((name) => toResult(found(tests, name) ?? missing(name, ending), run.binary.version));
}

/** A name can stand for several tests; one that failed counts. */
function found(tests: readonly TestCase[] | undefined, name: string): TestCase | undefined {
  const same = (tests ?? []).filter((test) => test.name === name);
  return same.find(({ outcome }) => outcome === 'failed') ?? same[0];
}

function missing(name: string, ending: string): TestCase {
  return { name, outcome: 'failed', seconds: 0, message: `The suite ended without a result for this test: ${ending}.` };
}

function callOf({ options, binary, signal }: Run): Omit<Call, 'focus' | 'skip' | 'dryRun' | 'folder'> {
  const { kubeconfig, extra, groupTimeout } = options;
  return { binary, kubeconfig, extra, timeoutMs: groupTimeout * 1000, signal };
}

function writeResults(folder: string, version: string, results: readonly Result[]): void {
  const sorted = [...results].sort((a, b) => a.sig.localeCompare(b.sig) || a.name.localeCompare(b.name));
  const counts = countBySig(sorted);
  writeFileSync(join(folder, 'results.tsv'), toTable(sorted));
  writeFileSync(
    join(folder, 'results.json'),
    `${JSON.stringify({ version, counts, results: sorted }, undefined, 2)}\n`,
  );
  writeFileSync(join(folder, 'summary.txt'), toText(sorted));
}
