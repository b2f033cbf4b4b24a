/** What the documents show is what happens: the README's tour and every example, command by command, against the lab. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { matchesOutput, parseWalkthrough, type WalkthroughCommand } from '@kubelab/testkit/walkthrough';
import { kubectl } from './kubectl.js';
import { kubelab, project, root, runtime } from './lab.js';
import { run } from './process.js';

interface Document {
  path: string;
  section?: string;
}

const documents: Document[] = [
  { path: 'README.md', section: 'A five-minute tour' },
  ...readdirSync(join(root, 'examples'), { withFileTypes: true })
    .map(({ name }) => `examples/${name}/README.md`)
    .filter((path) => existsSync(join(root, path)))
    .sort()
    .map((path) => ({ path })),
];

/** Commands say `kubelab` and `kubectl` as a reader would, and mean the lab under test. */
const environment: Record<string, string> = {
  KUBELAB_PROJECT: project,
  COMPOSE_PROJECT_NAME: project,
  CI: 'true',
  TERM: 'dumb',
};

const commandTimeoutMs = 120_000;
const retryEveryMs = 500;

/** Undefined when all went as the document says, else what did not. */
async function attempt({ command, expected, exitCode }: WalkthroughCommand): Promise<string | undefined> {
  // Both streams in the order in which a terminal shows them.
  const options = { cwd: root, env: environment, timeoutMs: commandTimeoutMs };
  const { code, stdout, stderr } = await run('sh', ['-c', `exec 2>&1\n${command}`], options);
  const output = `${stdout}${stderr}`;
  if (code !== exitCode) return `ended with ${code} instead of ${exitCode} and printed\n${output}`;
  if (matchesOutput(expected, output)) return undefined;
  return `printed\n${output}\nThe document shows\n${expected.join('\n')}`;
}

async function follow(document: Document, command: WalkthroughCommand): Promise<void> {
  const end = Date.now() + command.waitMs;
  for (;;) {
    const problem = await attempt(command);
    if (problem === undefined) return;
    if (Date.now() >= end) throw new Error(`${document.path}:${command.line}: \`${command.command}\` ${problem}`);
    await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
  }
}

/** A document that stopped half way leaves things behind; the next one starts as its reader does. */
async function cleanUp(): Promise<void> {
  const kinds = 'deployments,replicasets,replicationcontrollers,pods,configmaps';
  await kubectl.try(['delete', kinds, '--all', '-n', 'default', '--wait=false']);
  await kubectl.try(['delete', 'services', '-l', 'provider!=kubernetes', '-n', 'default', '--wait=false']);
  const { stdout } = await kubelab(['node', 'list']);
  for (const [, name = ''] of stdout.matchAll(/^(\S+)\s+(?:exited|dead)\s/gm)) await kubelab(['node', 'start', name]);
}

afterEach(cleanUp);

test.each(documents)(
  '$path',
  async (document) => {
    const { path, section } = document;
    const markdown = readFileSync(join(root, path), 'utf8');
    for (const command of parseWalkthrough(markdown, section === undefined ? {} : { section })) {
      if (command.runtime === undefined || command.runtime === runtime) await follow(document, command);
    }
  },
  600_000,
);
