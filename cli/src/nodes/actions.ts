import type { Clock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import { openCompose } from '../compose/compose.js';
import { CliError, UsageError } from '../errors.js';
import { isNode, type LabContainer, listContainers } from '../lab/containers.js';
import { composeEnvironment, type Lab, recordOf, saveRecord } from '../lab/lab.js';
import { openClient } from '../lab/open-client.js';
import { limitContainers, requirePossible } from './limit-containers.js';
import type { NodeLimits } from './limits.js';
import { deleteNodeObject, removeMachine } from './machines.js';
import { nameContainers } from './name-containers.js';
import { waitForNodes } from './wait-nodes.js';

export interface NodeCommand {
  lab: Lab;
  docker: Docker;
  clock: Clock;
  report: (state: string) => void;
}

export async function findNode(
  { docker, lab }: Pick<NodeCommand, 'docker' | 'lab'>,
  name: string,
): Promise<LabContainer> {
  const nodes = (await listContainers(docker, lab)).filter(isNode);
  const found = nodes.find((container) => container.node === name);
  if (found) return found;
  const names = nodes.map(({ node }) => node).join(', ');
  throw new CliError(`There is no node ${name} in ${lab.project}.`, {
    hint: names === '' ? 'Bring the cluster up with `./kubelab up`.' : `Its nodes are ${names}.`,
  });
}

/**
 * Adds machines to the cluster and waits until they are Ready; those that are stopped on purpose stay so. Without names, one that is
 * called after its number. Gives the new names.
 */
export async function addNodes(
  command: NodeCommand,
  names: readonly string[],
  limits: NodeLimits = {},
): Promise<string[]> {
  const { lab, docker, clock, report } = command;
  const before = (await listContainers(docker, lab)).filter(isNode);
  requireNewNames(names, before, lab);
  await requirePossible(docker, limits);
  const record = recordOf(lab);
  const settings = { ...record.settings, nodes: before.length + Math.max(1, names.length) };
  const compose = await openCompose(lab, composeEnvironment(lab, settings, imagesOf(before)));
  // Compose would start what is stopped: it only makes the containers, and the engine starts the new ones.
  const scale = ['--scale', `node=${settings.nodes}`];
  await compose.run(['up', '--no-start', '--no-build', '--no-recreate', '--no-deps', ...scale, 'node'], report);
  const known = new Set(before.map(({ id }) => id));
  const added = (await listContainers(docker, lab)).filter((item) => isNode(item) && !known.has(item.id));
  const { applied, ...kept } = record;
  // The next `up` keeps number and names; without `applied` it looks at the containers again.
  saveRecord(lab, {
    ...kept,
    settings,
    nodeNames: { ...record.nodeNames, ...(await nameContainers(docker, added, names)) },
    nodeLimits: { ...record.nodeLimits, ...(await limitContainers(docker, added, limits)) },
  });
  await Promise.all(added.map(({ id }) => docker.getContainer(id).start()));
  const result = added.map(({ node }, index) => names[index] ?? node);
  await waitReady({ lab, docker, clock, report }, result);
  return result;
}

/** What the cluster was made of, even if the sources have changed since. Only nodes are made here. */
function imagesOf([node]: readonly LabContainer[]): { control: string; node: string } {
  const image = node?.image ?? '';
  return { control: image, node: image };
}

function requireNewNames(names: readonly string[], existing: readonly LabContainer[], lab: Lab): void {
  if (existing.length === 0) {
    throw new CliError(`There is no cluster ${lab.project}.`, { hint: 'Bring it up with `./kubelab up`.' });
  }
  const taken = new Set(existing.map(({ node }) => node));
  for (const name of names) {
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      throw new UsageError(`"${name}" cannot be a node's name: use lower case letters, digits and -.`);
    }
    if (taken.has(name)) throw new CliError(`There is a node ${name} already.`, { hint: 'Choose another name.' });
    taken.add(name);
  }
}

/** Takes a machine out of the cluster for good: its Node object, its container and its disks. */
export async function removeNode(command: NodeCommand, name: string): Promise<void> {
  const { lab, docker } = command;
  const container = await findNode(command, name);
  const remaining = (await listContainers(docker, lab)).filter(isNode).length - 1;
  if (remaining === 0) {
    throw new CliError(`${name} is the only node of ${lab.project}.`, {
      hint: '`./kubelab down` removes the cluster.',
    });
  }
  command.report(`stopping ${name}`);
  await removeMachine(docker, lab, container);
  const client = openClient(lab);
  try {
    await deleteNodeObject(client, name);
  } finally {
    client.close();
  }
  const { applied, ...kept } = recordOf(lab);
  saveRecord(lab, { ...kept, settings: { ...kept.settings, nodes: remaining } });
}

/** A clean shutdown: the node's agents end, its pods' processes get their signal. */
export async function stopNode(command: NodeCommand, name: string): Promise<void> {
  const container = await findNode(command, name);
  requireState(container, name, ['running'], 'stop');
  await command.docker.getContainer(container.id).stop();
}

/** Like pulling the plug. */
export async function killNode(command: NodeCommand, name: string): Promise<void> {
  const container = await findNode(command, name);
  requireState(container, name, ['running', 'paused'], 'kill');
  await command.docker.getContainer(container.id).kill();
}

export async function startNode(command: NodeCommand, name: string): Promise<void> {
  const container = await findNode(command, name);
  requireState(container, name, ['exited', 'created', 'dead'], 'start');
  await command.docker.getContainer(container.id).start();
  await waitReady(command, [name]);
}

/** Everything on the node stops where it is, its pods included. */
export async function pauseNode(command: NodeCommand, name: string): Promise<void> {
  const container = await findNode(command, name);
  requireState(container, name, ['running'], 'pause');
  await command.docker.getContainer(container.id).pause();
}

export async function resumeNode(command: NodeCommand, name: string): Promise<void> {
  const container = await findNode(command, name);
  requireState(container, name, ['paused'], 'resume');
  await command.docker.getContainer(container.id).unpause();
  await waitReady(command, [name]);
}

function requireState(container: LabContainer, name: string, states: readonly string[], verb: string): void {
  if (states.includes(container.state)) return;
  const ways: Readonly<Record<string, string>> = {
    running: 'It runs; `./kubelab node stop`, `kill` and `pause` change that.',
    paused: `Let it go on with \`./kubelab node resume ${name}\`.`,
  };
  throw new CliError(`Cannot ${verb} ${name}: its container is ${container.state}.`, {
    hint: ways[container.state] ?? `Start it with \`./kubelab node start ${name}\`.`,
  });
}

async function waitReady(command: NodeCommand, names: readonly string[]): Promise<void> {
  const client = openClient(command.lab);
  try {
    await waitForNodes({ ...command, client, names });
  } finally {
    client.close();
  }
}
