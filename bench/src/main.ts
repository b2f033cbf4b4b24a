/** `npm run bench -- boot|pod-start|node|api`: measures, prints a table and writes bench/results/*.json. */

import { runApi } from './api/api.js';
import { apiUsage, parseApiOptions } from './api/command-line.js';
import { runBoot } from './boot/boot.js';
import { type Asked, parseCommandLine, UsageError, usage } from './command-line.js';
import { kubeconfigOf } from './lab/checkout.js';
import { runNode } from './node/node.js';
import { runPodStart } from './pod-start/pod-start.js';

// scripts/run-ts.mjs runs this file: its name is the first argument.
const args = process.argv.slice(3);
const write = (line: string): void => console.log(line);

/** The first Ctrl-C ends the benchmark, which then takes down what it made. */
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));
}

function start(asked: Asked): Promise<void> {
  const { signal } = interrupted;
  if (asked.benchmark === 'boot') return runBoot({ ...asked, signal, write });
  if (asked.benchmark === 'pod-start') {
    const kubeconfig = asked.kubeconfig ?? kubeconfigOf(asked.project);
    return runPodStart({ ...asked, kubeconfig, signal, write });
  }
  if (asked.benchmark === 'node') {
    const kubeconfig = asked.kubeconfig ?? kubeconfigOf(asked.project);
    return runNode({ ...asked, kubeconfig, signal, write });
  }
  write(usage);
  return Promise.resolve();
}

/** The API benchmark has options of its own. */
const isApi = args[0] === 'api';

try {
  if (isApi && args.includes('--help')) write(apiUsage);
  else if (isApi) await runApi({ ...parseApiOptions(args.slice(1)), signal: interrupted.signal, write });
  else await start(parseCommandLine(args));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof UsageError) console.error(isApi ? apiUsage : usage);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
