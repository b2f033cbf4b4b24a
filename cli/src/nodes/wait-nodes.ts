import { nodes as nodeType } from '@kubelab/api/resource-types';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import { messageOf } from '../errors.js';
import { isNode, type LabContainer, listContainers, tailOf } from '../lab/containers.js';
import type { Lab } from '../lab/lab.js';
import { waitUntil } from '../wait/wait-until.js';
import { isReady } from './node-view.js';

export interface WaitNodesOptions {
  docker: Docker;
  lab: Lab;
  client: KubeClient;
  clock: Clock;
  report: (state: string) => void;
  timeoutMs?: number;
  /** Only these nodes. */
  names?: readonly string[];
}

/** Waits until the lab's nodes are registered and Ready. Gives their names. */
export async function waitForNodes(options: WaitNodesOptions): Promise<string[]> {
  const { docker, lab, client } = options;
  const containers = (await listContainers(docker, lab)).filter(isNode);
  const names = options.names ?? containers.map(({ node }) => node);
  let late: LabContainer | undefined;
  await waitUntil({
    what: names.length === 1 ? `node ${names[0]} to be Ready` : `${names.length} nodes to be Ready`,
    timeoutMs: options.timeoutMs ?? 180_000,
    intervalMs: 250,
    clock: options.clock,
    report: options.report,
    probe: async () => {
      const ready = await readyNodes(client);
      if (typeof ready === 'string') return { done: false, state: ready };
      const missing = names.filter((name) => !ready.has(name));
      late = containers.find((container) => container.node === missing[0]);
      const states = missing.map((name) => `${name} is ${ready.registered.has(name) ? 'NotReady' : 'not registered'}`);
      return missing.length === 0 ? { done: true } : { done: false, state: states.join(', ') };
    },
    onTimeout: async () => (late ? tailOf(docker, late.id, 15) : []),
    hint: 'See `kubelab logs` for the whole log of a node.',
  });
  return [...names];
}

class ReadyNodes extends Set<string> {
  readonly registered = new Set<string>();
}

/** The names of nodes that are Ready, or why they are not known. */
async function readyNodes(client: KubeClient): Promise<ReadyNodes | string> {
  try {
    const { items } = await client.list(nodeType);
    const ready = new ReadyNodes(items.filter(isReady).map((node) => node.metadata.name));
    for (const node of items) ready.registered.add(node.metadata.name);
    return ready;
  } catch (error) {
    return `the API server cannot say: ${messageOf(error)}`;
  }
}
