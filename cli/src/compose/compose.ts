import { CliError } from '../errors.js';
import type { Lab } from '../lab/lab.js';
import { hasCommand, run, tryRun } from '../process/run.js';

/** Docker Compose, v2 as a plugin or on its own, or docker-compose 1.29. */
export interface Compose {
  readonly version: string;
  /** Runs it for the lab's project; throws CliError with the end of its output. */
  run(args: readonly string[], onLine?: (line: string) => void): Promise<string>;
}

interface ComposeCommand {
  command: string[];
  version: string;
}

/** docker-compose takes half a second to say its version: it is asked once. */
let known: ComposeCommand | undefined;

export async function findComposeCommand(): Promise<ComposeCommand | undefined> {
  known ??= await lookForCompose();
  return known;
}

async function lookForCompose(): Promise<ComposeCommand | undefined> {
  for (const command of [['docker', 'compose'], ['docker-compose']]) {
    if (!(await hasCommand(command[0]!))) continue;
    const { code, stdout } = await tryRun(command[0]!, [...command.slice(1), 'version', '--short']);
    if (code === 0) return { command, version: stdout.trim() };
  }
  return undefined;
}

export async function openCompose(lab: Lab, environment: Record<string, string>): Promise<Compose> {
  const found = await findComposeCommand();
  if (!found) {
    throw new CliError('There is no Docker Compose on this machine.', {
      hint: 'Install the Compose plugin (docker-compose-plugin) or docker-compose, and run the command again.',
    });
  }
  const [program, ...first] = found.command;
  return {
    version: found.version,
    run: (args, onLine) =>
      run(program!, [...first, '-p', lab.project, '--project-directory', lab.root, ...args], {
        cwd: lab.root,
        env: environment,
        ...(onLine ? { onLine } : {}),
      }),
  };
}
