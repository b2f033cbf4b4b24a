/** Pods that nobody will end any more: pure. */

import type { Node, Pod } from '@kubelab/api/types';
import { isPodTerminated } from '../pods/pod-state.js';

export interface PodGcPlan {
  /** To be deleted at once, with what to say about it when the pod had not ended. */
  remove: { pod: Pod; fail?: string }[];
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
    .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  const surplus = threshold > 0 ? terminated.slice(0, Math.max(0, terminated.length - threshold)) : [];
  plan.remove.push(...surplus.map((pod) => ({ pod })));
  for (const pod of pods) {
    const { nodeName } = pod.spec;
    const ending = pod.metadata.deletionTimestamp !== undefined;
    if (!nodeName) {
      if (ending) plan.remove.push({ pod });
    } else if (!byName.has(nodeName)) {
      plan.missingNodes.add(nodeName);
      if (goneNodes.has(nodeName)) plan.remove.push({ pod, fail: 'PodGC: node no longer exists' });
    } else if (ending && byName.get(nodeName)?.spec.taints?.some(({ key }) => key === outOfService)) {
      plan.remove.push({ pod, fail: 'PodGC: node has the out-of-service taint' });
    }
  }
  return plan;
}
