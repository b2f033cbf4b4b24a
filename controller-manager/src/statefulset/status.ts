/** What a StatefulSet says about itself: pure. */

import type { StatefulSet, StatefulSetStatus } from '@kubelab/api/types';
import { availableAt } from '../pods/pod-state.js';
import type { StatefulFacts } from './plan.js';
import { isRunningAndAvailable, isRunningAndReady, isTerminating, revisionOf } from './pod-health.js';

export function statefulStatus(facts: StatefulFacts): StatefulSetStatus {
  const { set, pods, currentRevision, updateRevision, nowMs } = facts;
  const staying = pods.filter((pod) => !isTerminating(pod));
  const counts = {
    readyReplicas: pods.filter(isRunningAndReady).length,
    availableReplicas: pods.filter((pod) => isRunningAndAvailable(set, pod, nowMs)).length,
    currentReplicas: staying.filter((pod) => revisionOf(pod) === currentRevision).length,
    updatedReplicas: staying.filter((pod) => revisionOf(pod) === updateRevision).length,
  };
  const revisions = { currentRevision, updateRevision };
  if (isComplete(set, pods.length, counts)) {
    revisions.currentRevision = updateRevision;
    counts.currentReplicas = counts.updatedReplicas;
  }
  const { generation } = set.metadata;
  const { collisionCount, conditions } = set.status ?? {};
  return {
    replicas: pods.length,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...Object.fromEntries(Object.entries(counts).filter(([name, count]) => count > 0 || name === 'availableReplicas')),
    ...revisions,
    collisionCount: collisionCount ?? 0,
    ...(conditions ? { conditions } : {}),
  };
}

/** Every pod is of the new revision and ready: it is the current one from now on. */
function isComplete(
  { spec }: StatefulSet,
  total: number,
  { updatedReplicas, readyReplicas }: { updatedReplicas: number; readyReplicas: number },
): boolean {
  const wanted = spec.replicas ?? 1;
  if (spec.updateStrategy?.type === 'OnDelete') return false;
  return updatedReplicas === wanted && readyReplicas === wanted && total === wanted;
}

/** Milliseconds until the next ready pod becomes available; undefined when none is waiting for it. */
export function untilNextAvailable({ set, pods, nowMs }: StatefulFacts): number | undefined {
  const times = pods
    .map((pod) => availableAt(pod, set.spec.minReadySeconds ?? 0))
    .filter((at) => Number.isFinite(at) && at > nowMs);
  return times.length === 0 ? undefined : Math.min(...times) - nowMs;
}
