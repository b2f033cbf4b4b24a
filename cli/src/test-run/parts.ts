import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { CliError } from '../errors.js';
import { readFailedFiles } from './jest-report.js';

export const testParts = ['check', 'unit', 'integration', 'e2e', 'machine'] as const;
export type TestPart = (typeof testParts)[number];

/** What `test` runs unless it is told: the fresh machine takes longer than all of these. */
export const usualParts: readonly TestPart[] = ['check', 'unit', 'integration', 'e2e'];

/** Command lines that each part runs, one after the other. The end-to-end part gets a lab around it, the fresh machine an image to be made of. */
const commands: Readonly<Record<TestPart, readonly (readonly string[])[]>> = {
  check: [
    ['node_modules/.bin/biome', 'ci', '.'],
    ['node_modules/.bin/tsc', '-b'],
  ],
  unit: [jest('unit')],
  // Real engines and databases leave sockets behind when they are killed on purpose; a finished run must end all the same.
  // Two at a time: they mostly wait, and each has an etcd, ports and containers of its own.
  integration: [jest('integration', '--maxWorkers=2', '--forceExit')],
  e2e: [jest('e2e', '--runInBand', '--forceExit')],
  // Each test goes on where the one before it ended.
  machine: [jest('machine', '--runInBand', '--bail')],
};

function jest(project: string, ...options: string[]): string[] {
  const node = [process.execPath, '--experimental-vm-modules', '--no-warnings'];
  return [...node, 'node_modules/jest/bin/jest.js', '--selectProjects', project, '--passWithNoTests', ...options];
}

/** Their tests meet real engines and databases, whose own races can fail one of a thousand. */
const partsWithSecondTry: ReadonlySet<TestPart> = new Set(['integration', 'e2e']);
/** More than these failing together is no accident. */
const maxSecondTries = 3;

export interface PartOptions {
  env?: Record<string, string>;
  /** Only test files whose paths match one of these patterns. */
  files?: readonly string[];
}

/**
 * Runs a part's commands with their output as it is. Throws CliError for the first that fails.
 * Where the tests meet real engines, up to three files that failed get a second try, each alone. Gives those that then passed: they are unstable,
 * and whoever runs the tests must be told.
 */
export async function runPart(
  part: TestPart,
  root: string,
  { env = {}, files = [] }: PartOptions = {},
): Promise<string[]> {
  if (partsWithSecondTry.has(part)) return runWithSecondTry(part, root, env, files);
  for (const [command, ...args] of commands[part])
    if ((await runInherited(command!, [...args, ...choose(files)], root, env)) !== 0) throw failed(part);
  return [];
}

async function runWithSecondTry(
  part: TestPart,
  root: string,
  env: Record<string, string>,
  files: readonly string[],
): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelab-tests-'));
  try {
    const report = join(directory, 'report.json');
    const unstable: string[] = [];
    for (const [command, ...args] of commands[part]) {
      const reported = [...args, '--json', `--outputFile=${report}`];
      if ((await runInherited(command!, [...reported, ...choose(files)], root, env)) === 0) continue;
      const again = await readFailedFiles(report);
      if (again.length === 0 || again.length > maxSecondTries) throw failed(part);
      for (const file of again)
        if ((await runInherited(command!, [...args, '--runTestsByPath', file], root, env)) !== 0) throw failed(part);
      unstable.push(...again.map((file) => relative(root, file)));
    }
    return unstable;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function choose(files: readonly string[]): string[] {
  return files.length === 0 ? [] : ['--testPathPatterns', ...files];
}

function failed(part: TestPart): CliError {
  return new CliError(`The ${part} tests failed.`, { hint: 'Their output is above.' });
}

/** Runs a command with this process's terminal. Gives its exit code. */
export function runInherited(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
