/** What a DaemonSet says about itself: pure. */

import type { DaemonSet, DaemonSetStatus, Node, Pod } from '@kubelab/api/types';
import { availableAt, isPodAvailable, isPodReady } from '../pods/pod-state.js';
import { nodeFit } from './node-fit.js';
import { byAge, groupByNode } from './node-pods.js';
import { isUpdated } from './pod-template.js';

export interface StatusFacts {
  daemonSet: DaemonSet;
  nodes: readonly Node[];
  pods: readonly Pod[];
  hash: string;
  nowMs: number;
  collisionCount?: number | undefined;
}

export function daemonStatus(facts: StatusFacts): DaemonSetStatus {
  const { daemonSet, nodes, pods, hash, nowMs } = facts;
  const minReadySeconds = daemonSet.spec.minReadySeconds ?? 0;
  const onNodes = groupByNode(pods);
  const count = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 };
  for (const node of nodes) {
    const here = [...(onNodes.get(node.metadata.name) ?? [])].sort(byAge);
    if (!nodeFit(daemonSet, node).run) {
      if (here.length > 0) count.misscheduled++;
      continue;
    }
    count.desired++;
    const [first] = here;
    if (!first) continue;
    count.current++;
    if (here.some(isPodReady)) count.ready++;
    if (here.some((pod) => isPodAvailable(pod, minReadySeconds, nowMs))) count.available++;
    if (here.some((pod) => isUpdated(pod, hash))) count.updated++;
  }
  const collisionCount = facts.collisionCount ?? daemonSet.status?.collisionCount;
  const { generation } = daemonSet.metadata;
  return {
    currentNumberScheduled: count.current,
    numberMisscheduled: count.misscheduled,
    desiredNumberScheduled: count.desired,
    numberReady: count.ready,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...positive({
      updatedNumberScheduled: count.updated,
      numberAvailable: count.available,
      numberUnavailable: count.desired - count.available,
      collisionCount: collisionCount ?? 0,
    }),
    ...(daemonSet.status?.conditions ? { conditions: daemonSet.status.conditions } : {}),
  };
}

function positive(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0));
}

/** Milliseconds until the next ready pod becomes available; undefined when none is waiting for it. */
export function untilNextAvailable({ spec }: DaemonSet, pods: readonly Pod[], nowMs: number): number | undefined {
  const times = pods
    .map((pod) => availableAt(pod, spec.minReadySeconds ?? 0))
    .filter((at) => Number.isFinite(at) && at > nowMs);
  return times.length === 0 ? undefined : Math.min(...times) - nowMs;
}
