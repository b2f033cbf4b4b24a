import { type Command, InvalidArgumentError } from 'commander';
import { isNode, listContainers } from '../lab/containers.js';
import { recordOf } from '../lab/lab.js';
import {
  addNodes,
  killNode,
  type NodeCommand,
  pauseNode,
  removeNode,
  resumeNode,
  startNode,
  stopNode,
} from '../nodes/actions.js';
import { parseCpus, parseMemory } from '../nodes/limits.js';
import { viewNodes } from '../nodes/node-view.js';
import { nodeTable, readObjects } from '../status.js';
import { nodeCommand, type Terminal } from './globals.js';

interface NodeAction {
  verb: string;
  description: string;
  run(command: NodeCommand, name: string): Promise<void>;
  done: string;
}

const actions: readonly NodeAction[] = [
  { verb: 'remove', description: 'take a node out of the cluster for good', run: removeNode, done: 'is removed' },
  { verb: 'stop', description: 'shut a node down cleanly', run: stopNode, done: 'is stopped' },
  {
    verb: 'start',
    description: 'start a stopped or killed node and wait until it is Ready',
    run: startNode,
    done: 'is Ready',
  },
  { verb: 'kill', description: 'end a node at once, as if its plug was pulled', run: killNode, done: 'is dead' },
  { verb: 'pause', description: 'freeze a node and all that runs on it', run: pauseNode, done: 'is frozen' },
  { verb: 'resume', description: 'let a frozen node go on', run: resumeNode, done: 'is Ready' },
];

export function addNodeCommand(program: Command, terminal: Terminal): void {
  const node = program.command('node').description('look at, add, remove and break nodes');
  node
    .command('list')
    .description('list the nodes, their containers and what is about to happen to them')
    .action(async (_: object, command: Command) => {
      terminal.write(await listNodes(await nodeCommand(command, terminal)));
    });
  node
    .command('add')
    .description('add nodes and wait until they are Ready')
    .argument('[name...]', 'what to call them; without a name, one that is called after its number')
    .option('--cpu <cpus>', 'how many CPUs each of them has: 2, 500m (default: as `up --node-cpu` says)', cpusOption)
    .option(
      '--memory <size>',
      'how much memory each has: 1Gi, 512Mi (default: as `up --node-memory` says)',
      memoryOption,
    )
    .action(async (names: string[], { cpu, memory }: { cpu?: number; memory?: number }, command: Command) => {
      const limits = { ...(cpu === undefined ? {} : { cpus: cpu }), ...(memory === undefined ? {} : { memory }) };
      const added = await addNodes(await nodeCommand(command, terminal), names, limits);
      terminal.write(`${added.join(', ')} ${added.length === 1 ? 'is' : 'are'} Ready.`);
    });
  for (const { verb, description, run, done } of actions) {
    node
      .command(verb)
      .description(description)
      .argument('<name>', 'name of the node, as `./kubelab node list` shows it')
      .action(async (name: string, _: object, command: Command) => {
        await run(await nodeCommand(command, terminal), name);
        terminal.write(`${name} ${done}.`);
      });
  }
}

function cpusOption(text: string): number {
  const cpus = parseCpus(text);
  if (cpus === undefined) throw new InvalidArgumentError('It must be a number of CPUs such as 2 or 500m.');
  return cpus;
}

function memoryOption(text: string): number {
  const memory = parseMemory(text);
  if (memory === undefined) throw new InvalidArgumentError('It must be a size such as 1Gi or 512Mi.');
  return memory;
}

async function listNodes({ docker, lab, clock }: NodeCommand): Promise<string> {
  const containers = (await listContainers(docker, lab)).filter(isNode);
  const objects = await readObjects(lab);
  const { failureClock } = recordOf(lab).settings;
  const known = 'problem' in objects ? { nodes: [], leases: [] } : objects;
  const views = viewNodes({ containers, ...known, failureClock, nowMs: clock.now() });
  const table = nodeTable(views);
  return 'problem' in objects ? `${table}\n\nThe API server does not answer: ${objects.problem}` : table;
}
