import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { OptionsError } from './options.js';

/** An `e2e.test` and how it wants to be called. */
export interface Binary {
  readonly path: string;
  /** As it says itself, such as `v1.34.0`. */
  readonly version: string;
  /** Upstream changed from ginkgo 1 to ginkgo 2 with Kubernetes 1.25, and the flags with it. */
  readonly ginkgo: 1 | 2;
}

/** Looks at the binary before anything is started. Throws OptionsError with one sentence when it cannot be used. */
export async function inspectBinary(path: string): Promise<Binary> {
  const problem = problemOf(path);
  if (problem !== undefined) throw new OptionsError(problem);
  let output: string;
  try {
    ({ stdout: output } = await promisify(execFile)(path, ['--version'], { timeout: 60_000 }));
  } catch (error) {
    throw new OptionsError(`${path} does not run: ${error instanceof Error ? error.message.split('\n')[0] : error}.`);
  }
  const version = parseVersion(output);
  if (!version) throw new OptionsError(`${path} is not an e2e.test of Kubernetes: it does not tell its version.`);
  return { path, ...version };
}

function problemOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return `There is no file ${path}.`;
  if (!stats.isFile()) return `${path} is not a file.`;
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return `${path} is not executable.`;
  }
  return undefined;
}

/** Reads the output of `e2e.test --version`; undefined when it names no version. */
export function parseVersion(output: string): Pick<Binary, 'version' | 'ginkgo'> | undefined {
  const [version, major, minor] = /v(\d+)\.(\d+)\.\d+\S*/.exec(output) ?? [];
  if (version === undefined) return undefined;
  return { version, ginkgo: Number(major) > 1 || Number(minor) >= 25 ? 2 : 1 };
}

/** Command line of one call. `names` are Go regular expressions of which one must match. */
export function argumentsFor(
  binary: Pick<Binary, 'ginkgo'>,
  call: { kubeconfig: string; focus: string; skip: string; reports: string; dryRun: boolean; extra: readonly string[] },
): string[] {
  const [dryRun, noColor] = binary.ginkgo === 1 ? ['dryRun', 'noColor'] : ['dry-run', 'no-color'];
  return [
    '--provider=skeleton',
    `--kubeconfig=${call.kubeconfig}`,
    `--report-dir=${call.reports}`,
    `--ginkgo.${noColor}=true`,
    ...(call.focus === '' ? [] : [`--ginkgo.focus=${call.focus}`]),
    ...(call.skip === '' ? [] : [`--ginkgo.skip=${call.skip}`]),
    ...(call.dryRun ? [`--ginkgo.${dryRun}=true`] : []),
    ...call.extra,
  ];
}
