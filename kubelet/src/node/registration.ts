import { nodes } from '@kubelab/api/resource-types';
import type { Node, NodeStatus, Taint } from '@kubelab/api/types';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import type { EventTarget } from '@kubelab/client/event-recorder';

export interface RegistrationOptions {
  client: KubeClient;
  nodeName: string;
  architecture: string;
  /** From --node-labels. */
  labels: Record<string, string>;
  /** From --register-with-taints: only for a node that is new. */
  taints: Taint[];
}

/** For events. Upstream's kubelets put the node's name where its uid belongs, and kubectl looks for it there. */
export function nodeTarget(nodeName: string): EventTarget {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, uid: nodeName } };
}

/** Labels that the kubelet keeps right on its own node. */
export function defaultLabels(
  options: Pick<RegistrationOptions, 'nodeName' | 'architecture' | 'labels'>,
): Record<string, string> {
  return {
    'kubernetes.io/hostname': options.nodeName,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': options.architecture,
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': options.architecture,
    ...options.labels,
  };
}

/** Creates the node, or brings the one that is there up to date. */
export async function registerNode(options: RegistrationOptions, status: NodeStatus): Promise<Node> {
  const { client, nodeName, taints } = options;
  const labels = defaultLabels(options);
  try {
    return await client.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: nodeName,
        labels,
        annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
      },
      spec: taints.length > 0 ? { taints } : {},
      status,
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  const existing = await client.get(nodes, nodeName);
  const stale = Object.entries(labels).filter(([name, value]) => existing.metadata.labels?.[name] !== value);
  if (stale.length === 0) return existing;
  return client.patch(nodes, nodeName, undefined, 'strategic', { metadata: { labels: Object.fromEntries(stale) } });
}
