import { gitVersion } from '@kubelab/component/identity';
import { Command } from 'commander';
import type { Terminal } from './commands/globals.js';
import { addNodeCommand } from './commands/node-command.js';
import {
  addDownCommand,
  addImageCommand,
  addKubeconfigCommand,
  addLogsCommand,
  addStatusCommand,
} from './commands/other-commands.js';
import { addTestCommand } from './commands/test-command.js';
import { addUpCommand } from './commands/up-command.js';
import { defaultProject } from './lab/lab.js';

/** The whole command line. Throws CommanderError instead of ending the process. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('kubelab')
    .description('A Kubernetes cluster whose nodes are real, on one machine.')
    .version(gitVersion)
    .option('-p, --project <name>', 'which cluster of this checkout', process.env['KUBELAB_PROJECT'] ?? defaultProject)
    .showHelpAfterError('(see --help)')
    .exitOverride();
  addUpCommand(program, terminal);
  addDownCommand(program, terminal);
  addStatusCommand(program, terminal);
  addKubeconfigCommand(program, terminal);
  addNodeCommand(program, terminal);
  addImageCommand(program, terminal);
  addLogsCommand(program, terminal);
  addTestCommand(program, terminal);
  return program;
}
