/** Pure: what is known of a node from its container and its Node object, and what is about to happen to it. */

import type { Lease, Node } from '@kubelab/api/types';
import type { LabContainer } from '../lab/containers.js';
import type { FailureClock } from '../lab/settings.js';

export interface NodeView {
  name: string;
  /** The container's state: running, exited, paused; `gone` for a Node object without a container. */
  container: string;
  address: string;
  /** Ready, NotReady, Unknown, or `not registered`. */
  state: string;
  /** What runs its pods, as the node has reported it: `containerd://1.6.20`; empty when it has not. */
  runtime: string;
  /** What happens next to a failing node, and in how many seconds. */
  next: string;
}

/** Seconds; the two halves of what a failure does. */
export const failureClocks: Readonly<Record<FailureClock, { graceSeconds: number; tolerationSeconds: number }>> = {
  upstream: { graceSeconds: 50, tolerationSeconds: 300 },
  fast: { graceSeconds: 8, tolerationSeconds: 10 },
};

export interface NodeFacts {
  containers: readonly LabContainer[];
  nodes: readonly Node[];
  leases: readonly Lease[];
  failureClock: FailureClock;
  nowMs: number;
}

export function viewNodes(facts: NodeFacts): NodeView[] {
  const byName = new Map(facts.nodes.map((node) => [node.metadata.name, node]));
  const views = facts.containers.map((container) => {
    const name = container.node;
    const node = byName.get(name);
    byName.delete(name);
    return view(name, container, node, facts);
  });
  return [...views, ...[...byName].map(([name, node]) => view(name, undefined, node, facts))];
}

export function isReady(node: Node): boolean {
  return readyCondition(node)?.status === 'True';
}

function view(name: string, container: LabContainer | undefined, node: Node | undefined, facts: NodeFacts): NodeView {
  return {
    name,
    container: container?.state ?? 'gone',
    address: container?.address ?? '',
    state: node === undefined ? 'not registered' : stateOf(node),
    runtime: node?.status?.nodeInfo?.containerRuntimeVersion ?? '',
    next: node === undefined ? '' : nextOf(name, node, facts),
  };
}

function stateOf(node: Node): string {
  const state = isReady(node)
    ? 'Ready'
    : readyCondition(node)?.status === 'Unknown'
      ? 'NotReady (no heartbeat)'
      : 'NotReady';
  return node.spec?.unschedulable ? `${state}, cordoned` : state;
}

function readyCondition(node: Node): { status: string } | undefined {
  return node.status?.conditions?.find(({ type }) => type === 'Ready');
}

/** A node falls silent, is declared NotReady after the grace period, and loses its pods after their toleration. */
function nextOf(name: string, node: Node, { leases, failureClock, nowMs }: NodeFacts): string {
  const { graceSeconds, tolerationSeconds } = failureClocks[failureClock];
  const taint = node.spec?.taints?.find(
    ({ key, effect }) => effect === 'NoExecute' && /^node\.kubernetes\.io\/(unreachable|not-ready)$/.test(key),
  );
  if (taint?.timeAdded) {
    const left = secondsUntil(Date.parse(taint.timeAdded) + tolerationSeconds * 1000, nowMs);
    return left > 0 ? `its pods are evicted in ${left} s` : 'its pods are evicted';
  }
  const renewed = leases.find(({ metadata }) => metadata.name === name)?.spec?.renewTime;
  if (!renewed || !isReady(node)) return '';
  const silent = -secondsUntil(Date.parse(renewed), nowMs);
  // A lease is renewed every quarter of its length; half of the grace period without one is no accident.
  if (silent < graceSeconds / 2) return '';
  return `silent for ${silent} s, NotReady in ${Math.max(0, graceSeconds - silent)} s`;
}

function secondsUntil(time: number, now: number): number {
  return Math.ceil((time - now) / 1000);
}
