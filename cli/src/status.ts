import { leases as leaseType, nodes as nodeType } from '@kubelab/api/resource-types';
import type { Lease, Node } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import { messageOf } from './errors.js';
import { isNode, type LabContainer, listContainers, longRunningServices, oneShotServices } from './lab/containers.js';
import { type Lab, recordOf } from './lab/lab.js';
import { openClient } from './lab/open-client.js';
import { type NodeView, viewNodes } from './nodes/node-view.js';
import { formatTable } from './progress/table.js';

export interface StatusOptions {
  lab: Lab;
  docker: Docker;
  clock: Clock;
}

/** What runs and how it is, as text for people. */
export async function describeLab({ lab, docker, clock }: StatusOptions): Promise<string> {
  const containers = await listContainers(docker, lab);
  if (containers.length === 0) return `There is no cluster ${lab.project}. Bring it up with \`./kubelab up\`.`;
  const { settings } = recordOf(lab);
  const objects = await readObjects(lab);
  const views = viewNodes({
    containers: containers.filter(isNode),
    nodes: 'problem' in objects ? [] : objects.nodes,
    leases: 'problem' in objects ? [] : objects.leases,
    failureClock: settings.failureClock,
    nowMs: clock.now(),
  });
  return [
    `Cluster ${lab.project}, https://127.0.0.1:${settings.apiPort}, failure clock ${settings.failureClock}`,
    ...('problem' in objects ? [`The API server does not answer: ${objects.problem}`] : []),
    '',
    formatTable(['COMPONENT', 'STATE', 'SINCE'], componentRows(containers)),
    '',
    nodeTable(views),
  ].join('\n');
}

/** The nodes as the API has them, or why it has not answered. */
export async function readObjects(lab: Lab): Promise<{ nodes: Node[]; leases: Lease[] } | { problem: string }> {
  let client: KubeClient | undefined;
  try {
    client = openClient(lab);
    const [nodes, leases] = await Promise.all([client.list(nodeType), client.list(leaseType, 'kube-node-lease')]);
    return { nodes: nodes.items, leases: leases.items };
  } catch (error) {
    return { problem: messageOf(error) };
  } finally {
    client?.close();
  }
}

export function nodeTable(views: readonly NodeView[]): string {
  return formatTable(
    ['NODE', 'CONTAINER', 'ADDRESS', 'STATE', 'RUNTIME', 'NEXT'],
    views.map((view) => [view.name, view.container, view.address, view.state, view.runtime, view.next]),
  );
}

function componentRows(containers: readonly LabContainer[]): string[][] {
  return [...longRunningServices, ...oneShotServices].map((service) => {
    const container = containers.find((item) => item.service === service);
    if (!container) return [service, 'missing', ''];
    return [service, componentState(container), container.status.replace(/ \(.*\)$/, '')];
  });
}

function componentState({ state, status, service }: LabContainer): string {
  const oneShot = (oneShotServices as readonly string[]).includes(service);
  if (oneShot && state === 'exited') return status.startsWith('Exited (0)') ? 'done' : 'failed';
  if (/\(unhealthy\)/.test(status)) return 'unhealthy';
  return state;
}
