/** Pods that nobody will end any more: pure. */

import type { Node, Pod } from '@kubelab/api/types';
import { isPodTerminated } from '../pods/pod-state.js';

export interface PodGcPlan {
  /** To be deleted at once, with what to say about it when the pod had not ended. */
  remove: { pod: Pod; disruption?: string }[];
  /** Names of nodes that pods point to but that do not exist. */
  missingNodes: Set<string>;
}

const outOfService = 'node.kubernetes.io/out-of-service';

/** `goneNodes`: missing long enough to be believed. `threshold`: terminated pods that are kept; 0 keeps all. */
export function planPodGc(
  pods: readonly Pod[],
  nodes: readonly Node[],
  goneNodes: ReadonlySet<string>,
  threshold: number,
): PodGcPlan {
  const byName = new Map(nodes.map((node) => [node.metadata.name, node]));
  const plan: PodGcPlan = { remove: [], missingNodes: new Set() };
  const terminated = pods
    .filter(isPodTerminated)
    .sort((a, b) => Number(isEvicted(b)) - Number(isEvicted(a)) || byCreation(a, b));
  const surplus = threshold > 0 ? terminated.slice(0, Math.max(0, terminated.length - threshold)) : [];
  plan.remove.push(...surplus.map((pod) => ({ pod })));
  for (const pod of pods) {
    const { nodeName } = pod.spec;
    const ending = pod.metadata.deletionTimestamp !== undefined;
    if (!nodeName) {
      if (ending) plan.remove.push({ pod });
    } else if (!byName.has(nodeName)) {
      plan.missingNodes.add(nodeName);
      if (goneNodes.has(nodeName)) plan.remove.push({ pod, disruption: 'PodGC: node no longer exists' });
    } else if (ending && isOutOfService(byName.get(nodeName))) {
      plan.remove.push({ pod });
    }
  }
  return plan;
}

function isOutOfService(node: Node | undefined): boolean {
  const ready = node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return !ready && node?.spec.taints?.some(({ key }) => key === outOfService) === true;
}

function isEvicted({ status }: Pod): boolean {
  return status?.phase === 'Failed' && status.reason === 'Evicted';
}

function byCreation(a: Pod, b: Pod): number {
  const [left, right] = [a.metadata, b.metadata];
  if (left.creationTimestamp !== right.creationTimestamp)
    return left.creationTimestamp < right.creationTimestamp ? -1 : 1;
  return left.name < right.name ? -1 : 1;
}
