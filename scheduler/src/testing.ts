/** Objects for the tests of this service, with only what they need to say. */

import type { Node, Pod, PodSpec } from '@kubelab/api/types';
import type { SchedulingContext } from './framework.js';
import { createNodeInfo, type NodeInfo } from './snapshot/node-info.js';

let counter = 0;

export function makePod(name: string, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Pod {
  const metadata = {
    name,
    namespace: 'default',
    uid: `uid-${name}-${counter++}`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels,
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec } };
}

export function requesting(requests: Record<string, string>): Partial<PodSpec> {
  return { containers: [{ name: 'c', image: 'nginx', resources: { requests } }] };
}

export function makeNode(
  name: string,
  options: { labels?: Record<string, string>; spec?: Node['spec']; allocatable?: Record<string, string> } = {},
): Node {
  const labels = { 'kubernetes.io/hostname': name, ...options.labels };
  const metadata = { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels };
  const allocatable = { cpu: '2', memory: '4Gi', pods: '110', ...options.allocatable };
  return { apiVersion: 'v1', kind: 'Node', metadata, spec: options.spec ?? {}, status: { allocatable } };
}

export function makeInfo(node: Node, pods: Pod[] = []): NodeInfo {
  return createNodeInfo(node, pods);
}

export function makeContext(pod: Pod, nodes: NodeInfo[], more: Partial<SchedulingContext> = {}): SchedulingContext {
  return {
    pod,
    nodes,
    namespace: () => undefined,
    claim: () => undefined,
    volume: () => undefined,
    volumes: () => [],
    storageClass: () => undefined,
    defaultSelectors: [],
    ...more,
  };
}
