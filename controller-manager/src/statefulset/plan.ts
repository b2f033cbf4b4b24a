/** What to do next with the pods of a StatefulSet, in order of their numbers: pure. */

import type { Pod, StatefulSet } from '@kubelab/api/types';
import { hasEnded, isHealthy, isRunningAndAvailable, isTerminating, revisionOf } from './pod-health.js';
import { ordinalOf, startOrdinal } from './pod-template.js';

export interface StatefulFacts {
  set: StatefulSet;
  /** Its own. */
  pods: readonly Pod[];
  /** Names of the revision most pods have, and of the one they shall have. */
  currentRevision: string;
  updateRevision: string;
  nowMs: number;
}

export type StatefulStep =
  | { action: 'create'; ordinal: number; revision: 'current' | 'update' }
  /** Labels, and claims that are missing. */
  | { action: 'keep'; pod: Pod; ordinal: number }
  | { action: 'delete'; pod: Pod; ordinal: number };

/** With OrderedReady every step waits for the one before it, so the plan ends at the first pod that is not available. */
export function planStatefulSet(facts: StatefulFacts): StatefulStep[] {
  const { set } = facts;
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  const { replicas, condemned } = arrange(set, facts.pods);
  const steps: StatefulStep[] = [];
  for (const [index, pod] of replicas.entries()) {
    const blocked = planReplica(facts, startOrdinal(set) + index, pod, steps, ordered);
    if (blocked) return steps;
  }
  const firstUnhealthy = [...replicas, ...[...condemned].reverse()].find((pod) => pod && !isHealthy(pod));
  for (const pod of condemned) {
    if (isTerminating(pod)) {
      if (ordered) return steps;
      continue;
    }
    // One that is not well may go only when nobody below it is unwell, too.
    if (ordered && !isRunningAndAvailable(set, pod, facts.nowMs) && pod !== firstUnhealthy) return steps;
    steps.push({ action: 'delete', pod, ordinal: ordinalOf(set, pod) });
    if (ordered) return steps;
  }
  const outdated = nextOutdated(facts, replicas);
  if (outdated) steps.push({ action: 'delete', pod: outdated, ordinal: ordinalOf(set, outdated) });
  return steps;
}

interface Arrangement {
  /** By number, from the first on; undefined where there is no pod. */
  replicas: (Pod | undefined)[];
  /** Beyond the wanted ones, the highest number first. */
  condemned: Pod[];
}

function arrange(set: StatefulSet, pods: readonly Pod[]): Arrangement {
  const start = startOrdinal(set);
  const replicas: (Pod | undefined)[] = new Array(set.spec.replicas ?? 1).fill(undefined);
  const condemned: Pod[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal < 0) continue;
    if (ordinal >= start && ordinal < start + replicas.length) replicas[ordinal - start] = pod;
    else condemned.push(pod);
  }
  return { replicas, condemned: condemned.sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a)) };
}

/** True when nothing may be done about later pods yet. */
function planReplica(
  facts: StatefulFacts,
  ordinal: number,
  pod: Pod | undefined,
  steps: StatefulStep[],
  ordered: boolean,
): boolean {
  const { set, nowMs } = facts;
  if (!pod) {
    steps.push({ action: 'create', ordinal, revision: keepsCurrent(set, ordinal) ? 'current' : 'update' });
    return ordered;
  }
  if (hasEnded(pod)) {
    // Its successor is made when it is gone.
    if (!isTerminating(pod)) steps.push({ action: 'delete', pod, ordinal });
    return true;
  }
  if (isTerminating(pod)) return ordered;
  steps.push({ action: 'keep', pod, ordinal });
  return ordered && !isRunningAndAvailable(set, pod, nowMs);
}

/** A pod below the partition is made anew from the old revision. */
function keepsCurrent(set: StatefulSet, ordinal: number): boolean {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  if (rollingUpdate) return ordinal < startOrdinal(set) + (rollingUpdate.partition ?? 0);
  return type === 'RollingUpdate' && ordinal < startOrdinal(set) + (set.status?.currentReplicas ?? 0);
}

/** From the highest number down to the partition, one at a time, each only when those above it are well. */
function nextOutdated({ set, updateRevision }: StatefulFacts, replicas: readonly (Pod | undefined)[]): Pod | undefined {
  if (set.spec.updateStrategy?.type === 'OnDelete') return undefined;
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (let index = replicas.length - 1; index >= partition; index--) {
    const pod = replicas[index];
    if (!pod) return undefined;
    if (revisionOf(pod) !== updateRevision && !isTerminating(pod)) return pod;
    if (!isHealthy(pod)) return undefined;
  }
  return undefined;
}
