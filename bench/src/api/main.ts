/** Measures an API server, prints tables and writes bench/results/api-*.json. */

import { UsageError } from '../command-line.js';
import { runApi } from './api.js';
import { apiUsage, parseApiOptions } from './command-line.js';

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));
}

try {
  // scripts/run-ts.mjs runs this file: its name is the first argument.
  const options = parseApiOptions(process.argv.slice(3));
  await runApi({ ...options, signal: interrupted.signal, write: (line) => console.log(line) });
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof UsageError) console.error(apiUsage);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
