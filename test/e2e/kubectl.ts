/** The kubectls that must work: a new one, the machine's own unless that is old, and the oldest one, each unmodified. */

import { execFileSync } from 'node:child_process';
import { type Result, type Running, type RunOptions, run, start } from './process.js';

export interface Kubectl {
  /** `kubectl 1.32`. */
  name: string;
  /** Minor version. */
  minor: number;
  path: string;
  /** Never throws for a failing command. */
  try(args: readonly string[], options?: RunOptions): Promise<Result>;
  /** Standard output; throws with everything that was printed when the command fails. */
  run(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Parsed `-o json`. */
  json<T>(args: readonly string[]): Promise<T>;
  start(args: readonly string[]): Running;
}

function open(path: string): Kubectl {
  const version = JSON.parse(execFileSync(path, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })) as {
    clientVersion: { minor: string };
  };
  const minor = Number.parseInt(version.clientVersion.minor, 10);
  const attempt = (args: readonly string[], options?: RunOptions): Promise<Result> => run(path, args, options);
  const must = async (args: readonly string[], options?: RunOptions): Promise<string> => {
    const { code, stdout, stderr } = await attempt(args, options);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  };
  return {
    name: `kubectl 1.${minor}`,
    minor,
    path,
    try: attempt,
    run: must,
    json: async (args) => JSON.parse(await must([...args, '-o', 'json'])),
    start: (args) => start(path, args),
  };
}

// Without a lab of their own these tests would drive whatever cluster the user's kubectl happens to point at.
for (const name of ['KUBELAB_PROJECT', 'KUBECONFIG']) {
  if (!process.env[name]) throw new Error(`${name} is not set: run these tests with ./kubelab test e2e`);
}

/** The newest first. Old and new may be the same program on a machine that has only one. */
export const kubectls: readonly Kubectl[] = [
  ...new Map(
    [process.env['KUBELAB_KUBECTL'] ?? 'kubectl', process.env['KUBELAB_OLD_KUBECTL']]
      .filter((path) => path !== undefined)
      .map(open)
      .map((kubectl) => [kubectl.minor, kubectl]),
  ).values(),
];

/** For tests in which the client's version plays no part. */
export const kubectl: Kubectl = kubectls[0] as Kubectl;
