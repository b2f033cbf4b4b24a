import type { Node, Pod } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { addResources, podRequests, type Resources, subtractResources, toResources } from './resources.js';

export interface HostPort {
  ip: string;
  protocol: string;
  port: number;
}

/** A node and everything on it, as plugins look at it. Immutable; the with… functions make the next state. */
export interface NodeInfo {
  readonly node: Node;
  readonly pods: readonly Pod[];
  readonly allocatable: Resources;
  readonly requested: Resources;
  readonly scoringRequested: Resources;
  readonly hostPorts: readonly HostPort[];
}

export function createNodeInfo(node: Node, pods: readonly Pod[]): NodeInfo {
  const empty: NodeInfo = {
    node,
    pods: [],
    allocatable: toResources(node.status?.allocatable),
    requested: {},
    scoringRequested: {},
    hostPorts: [],
  };
  return pods.reduce(withPod, empty);
}

export function withPod(info: NodeInfo, pod: Pod): NodeInfo {
  const { requests, scoring } = podRequests(pod);
  return {
    ...info,
    pods: [...info.pods, pod],
    requested: addResources(info.requested, requests),
    scoringRequested: addResources(info.scoringRequested, scoring),
    hostPorts: [...info.hostPorts, ...hostPortsOf(pod)],
  };
}

export function withoutPod(info: NodeInfo, pod: Pod): NodeInfo {
  const key = objectKey(pod);
  const pods = info.pods.filter((other) => objectKey(other) !== key);
  if (pods.length === info.pods.length) return info;
  const { requests, scoring } = podRequests(pod);
  return {
    ...info,
    pods,
    requested: subtractResources(info.requested, requests),
    scoringRequested: subtractResources(info.scoringRequested, scoring),
    hostPorts: pods.flatMap(hostPortsOf),
  };
}

export function hostPortsOf(pod: Pod): HostPort[] {
  return pod.spec.containers.flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port: hostPort }] : [],
    ),
  );
}
