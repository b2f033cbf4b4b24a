import { CommanderError } from 'commander';
import type { LabContainer } from './lab/containers.js';
import { sourcesOf } from './logs/show.js';
import { createProgram } from './program.js';
import { formatTable } from './progress/table.js';

function silentProgram(): ReturnType<typeof createProgram> {
  const program = createProgram({ write: () => undefined, live: false });
  const quiet = { writeOut: () => undefined, writeErr: () => undefined };
  const configure = (command: typeof program): void => {
    command.configureOutput(quiet);
    for (const child of command.commands) configure(child as typeof program);
  };
  configure(program);
  return program;
}

async function exitOf(...argv: string[]): Promise<CommanderError> {
  try {
    await silentProgram().parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error;
    throw error;
  }
  throw new Error('the command ran');
}

describe('the command line', () => {
  it.each([
    [['nope'], 'commander.unknownCommand'],
    [['up', '--nope'], 'commander.unknownOption'],
    [['up', '--timeout', '0'], 'commander.invalidArgument'],
    [['up', '--nodes', 'three'], 'commander.invalidArgument'],
    [['up', '--failure-clock', 'slow'], 'commander.invalidArgument'],
    [['up', '--runtime', 'rkt'], 'commander.invalidArgument'],
    [['test', 'e2e', '--runtime', 'rkt'], 'commander.invalidArgument'],
    [['up', 'extra'], 'commander.excessArguments'],
    [['node', 'kill'], 'commander.missingArgument'],
    [['node', 'add', '--cpu', 'two'], 'commander.invalidArgument'],
    [['node', 'add', '--memory', 'much'], 'commander.invalidArgument'],
    [['node', 'list', 'many'], 'commander.excessArguments'],
    [['image', 'load'], 'commander.missingArgument'],
    [['logs'], 'commander.missingArgument'],
    [['test', 'nope'], 'commander.invalidArgument'],
    [['test', 'conformance'], 'commander.missingMandatoryOptionValue'],
  ])('refuses %j', async (argv, code) => {
    const error = await exitOf(...argv);
    expect(error.code).toBe(code);
    expect(error.exitCode).not.toBe(0);
  });

  const commands = silentProgram().commands.flatMap((command) => [
    [command.name()],
    ...command.commands.map((child) => [command.name(), child.name()]),
  ]);

  it.each(commands.map((words) => [words.join(' '), words] as const))('has help for %s', async (_, words) => {
    expect((await exitOf(...words, '--help')).exitCode).toBe(0);
  });

  it('has all commands', () => {
    const names = silentProgram().commands.map((command) => command.name());
    expect(names).toEqual(['up', 'down', 'status', 'kubeconfig', 'node', 'image', 'logs', 'test']);
  });
});

describe('logs', () => {
  const container = (service: string, number = 1): LabContainer => ({
    id: `${service}-${number}`,
    name: '',
    service,
    node: `${service}-${number}`,
    number,
    state: 'running',
    status: '',
    image: '',
    address: '',
    ports: new Map(),
  });
  const all = [container('apiserver'), container('node', 1), container('node', 2)];

  it.each([
    ['apiserver', ['apiserver-1']],
    ['node-2', ['node-2']],
    ['kubelet', ['node-1', 'node-2']],
    ['kube-proxy', ['apiserver-1', 'node-1', 'node-2']],
    ['nope', []],
  ])('of %s come from %j', (component, ids) => {
    expect(sourcesOf(component, all).map((source) => source.container.id)).toEqual(ids);
  });
});

describe('formatTable', () => {
  it('makes columns as wide as their longest cell', () => {
    expect(
      formatTable(
        ['A', 'LONG', 'C'],
        [
          ['xxx', 'y', ''],
          ['x', 'y', 'z'],
        ],
      ),
    ).toBe(['A     LONG   C', 'xxx   y', 'x     y      z'].join('\n'));
  });
});
