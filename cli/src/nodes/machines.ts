/** The end of a machine: its container, its disks, what is remembered of it, its Node object. */

import { nodes as nodeType } from '@kubelab/api/resource-types';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import type Docker from 'dockerode';
import { isNode, type LabContainer } from '../lab/containers.js';
import { type Lab, recordOf, saveRecord } from '../lab/lab.js';
import { removeContainer } from '../lab/remove-container.js';

export async function removeMachine(docker: Docker, lab: Lab, container: LabContainer): Promise<void> {
  await removeContainer(docker, container.id);
  const record = recordOf(lab);
  const { [container.name]: _name, ...nodeNames } = record.nodeNames ?? {};
  const { [container.name]: _limits, ...nodeLimits } = record.nodeLimits ?? {};
  saveRecord(lab, { ...record, nodeNames, nodeLimits });
}

/** Nobody else takes a Node out of the cluster whose machine is gone for good. */
export async function deleteNodeObject(client: KubeClient, name: string): Promise<void> {
  try {
    await client.delete(nodeType, name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** The newest ones beyond that many. */
export function surplusNodes(containers: readonly LabContainer[], nodes: number): LabContainer[] {
  return containers.filter(isNode).slice(nodes);
}
