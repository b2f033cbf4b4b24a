import { systemClock } from '@kubelab/component/clock';
import type { Command } from 'commander';
import type Docker from 'dockerode';
import { probeEngine } from '../engine/connect.js';
import { CliError } from '../errors.js';
import { type Lab, openLab } from '../lab/lab.js';
import type { NodeCommand } from '../nodes/actions.js';

/** What every command is given. */
export interface Terminal {
  write(line: string): void;
  /** Whether progress can be shown as a live list. */
  live: boolean;
}

export function labOf(command: Command): Lab {
  const { project } = command.optsWithGlobals<{ project: string }>();
  return openLab(project);
}

/** The running engine; commands that only look do not start one. */
export async function requireEngine(): Promise<Docker> {
  const engine = await probeEngine();
  if ('docker' in engine) return engine.docker;
  throw new CliError(`Docker is not running: ${engine.reason}.`, { hint: '`./kubelab up` brings the cluster back.' });
}

export async function nodeCommand(command: Command, terminal: Terminal): Promise<NodeCommand> {
  return {
    lab: labOf(command),
    docker: await requireEngine(),
    clock: systemClock,
    report: (state) => terminal.write(`  ${state}`),
  };
}
