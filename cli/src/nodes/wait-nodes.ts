import { leases as leaseType, nodes as nodeType } from '@kubelab/api/resource-types';
import type { Node } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import { messageOf } from '../errors.js';
import { isNode, type LabContainer, listContainers, tailOf } from '../lab/containers.js';
import type { Lab } from '../lab/lab.js';
import { waitTimeoutMs } from '../wait/wait-timeout.js';
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
  const started = await startTimes(docker, containers);
  let late: LabContainer | undefined;
  await waitUntil({
    what: names.length === 1 ? `node ${names[0]} to be Ready` : `${names.length} nodes to be Ready`,
    timeoutMs: options.timeoutMs ?? waitTimeoutMs(),
    intervalMs: 250,
    clock: options.clock,
    report: options.report,
    probe: async () => {
      const reports = await nodeReports(client);
      if (typeof reports === 'string') return { done: false, state: reports };
      const missing = names.filter((name) => whyNotUp(name, reports.get(name), started.get(name) ?? 0) !== undefined);
      late = containers.find(({ node }) => node === missing[0]);
      const states = missing.map((name) => whyNotUp(name, reports.get(name), started.get(name) ?? 0));
      return missing.length === 0 ? { done: true } : { done: false, state: states.join(', ') };
    },
    onTimeout: async () => (late ? tailOf(docker, late.id, 15) : []),
    hint: 'See `./kubelab logs` for the whole log of a node.',
  });
  return [...names];
}

interface NodeReport {
  node: Node;
  /** Milliseconds since the epoch; 0 when it never was. */
  renewed: number;
}

/** What the API knows of the nodes, or why that is not known. */
async function nodeReports(client: KubeClient): Promise<Map<string, NodeReport> | string> {
  try {
    const [nodes, leases] = await Promise.all([client.list(nodeType), client.list(leaseType, 'kube-node-lease')]);
    const renewals = new Map(
      leases.items.map((lease) => [lease.metadata.name, Date.parse(lease.spec?.renewTime ?? '')]),
    );
    return new Map(
      nodes.items.map((node) => [node.metadata.name, { node, renewed: renewals.get(node.metadata.name) || 0 }]),
    );
  } catch (error) {
    return `the API server cannot say: ${messageOf(error)}`;
  }
}

/** Why a node does not count as up yet. What it said before its machine started is no sign of life. */
function whyNotUp(name: string, report: NodeReport | undefined, startedAt: number): string | undefined {
  if (!report) return `${name} is not registered`;
  if (report.renewed < startedAt) return `${name} has not reported since it started`;
  return isReady(report.node) ? undefined : `${name} is NotReady`;
}

async function startTimes(docker: Docker, containers: readonly LabContainer[]): Promise<Map<string, number>> {
  const times = containers.map(async ({ id, node }): Promise<[string, number]> => {
    const { State } = await docker.getContainer(id).inspect();
    return [node, Date.parse(State.StartedAt)];
  });
  return new Map(await Promise.all(times));
}
