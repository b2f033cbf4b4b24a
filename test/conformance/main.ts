/** Runs upstream's conformance suite (`e2e.test`) against a cluster; `./kubelab test conformance` calls it. */

import { accessSync, constants } from 'node:fs';
import { inspectBinary } from './binary.js';
import { OptionsError, parseOptions } from './options.js';
import { runSuite } from './run-suite.js';
import { toText } from './summary.js';

const write = (line: string): void => console.log(line);

/** The first Ctrl-C ends the suite; the results so far are kept. */
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  requireReadable(options.kubeconfig);
  const binary = await inspectBinary(options.binary);
  const results = await runSuite({ options, binary, write, signal: interrupted.signal });
  write(`\n${toText(results).trimEnd()}`);
  write(`\nThe results are in ${options.results}.`);
  return interrupted.signal.aborted || results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

function requireReadable(kubeconfig: string): void {
  try {
    accessSync(kubeconfig, constants.R_OK);
  } catch {
    throw new OptionsError(`There is no kubeconfig ${kubeconfig}.`);
  }
}

try {
  // scripts/run-ts.mjs runs this file: its name is the first argument.
  process.exitCode = await main(process.argv.slice(3));
} catch (error) {
  if (!(error instanceof OptionsError)) throw error;
  console.error(`kubelab: ${error.message}`);
  process.exitCode = 1;
}
