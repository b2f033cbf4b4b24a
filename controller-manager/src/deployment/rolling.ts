/** How many replicas each ReplicaSet of a Deployment should have next: upstream's rolling update and proportional scaling. Pure. */

import type { Deployment, IntOrString, ReplicaSet } from '@kubelab/api/types';
import { desiredReplicasOf, maxReplicasOf } from './annotations.js';
import { byCreation } from './template.js';

/** New replica counts by ReplicaSet name; only those that change. */
export type Scale = Map<string, number>;

const specReplicas = (replicaSet: ReplicaSet): number => replicaSet.spec.replicas ?? 1;
const available = (replicaSet: ReplicaSet): number => replicaSet.status?.availableReplicas ?? 0;
const total = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number =>
  sets.reduce((sum, set) => sum + count(set), 0);

export interface Bounds {
  maxSurge: number;
  maxUnavailable: number;
}

/** Percentages of `replicas`: surge rounds up, unavailable rounds down; both zero would never move, so one may be unavailable. */
export function rollingBounds(deployment: Deployment): Bounds {
  const { strategy, replicas = 1 } = deployment.spec;
  if (strategy?.type === 'Recreate' || replicas === 0) return { maxSurge: surgeOf(deployment), maxUnavailable: 0 };
  const maxSurge = surgeOf(deployment);
  const maxUnavailable = resolve(strategy?.rollingUpdate?.maxUnavailable ?? '25%', replicas, Math.floor);
  if (maxSurge === 0 && maxUnavailable === 0) return { maxSurge, maxUnavailable: 1 };
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}

function surgeOf({ spec: { strategy, replicas = 1 } }: Deployment): number {
  return strategy?.type === 'Recreate' ? 0 : resolve(strategy?.rollingUpdate?.maxSurge ?? '25%', replicas, Math.ceil);
}

function resolve(value: IntOrString, of: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  return percent === undefined ? 0 : round((Number(percent) * of) / 100);
}

/** One step of a rolling update: first grow the new, then shrink the old as far as availability allows. */
export function planRollingUpdate(deployment: Deployment, newSet: ReplicaSet, oldSets: readonly ReplicaSet[]): Scale {
  const grown = growNew(deployment, newSet, oldSets);
  return grown.size > 0 ? grown : shrinkOld(deployment, newSet, oldSets);
}

function growNew(deployment: Deployment, newSet: ReplicaSet, oldSets: readonly ReplicaSet[]): Scale {
  const wanted = newReplicas(deployment, newSet, oldSets);
  return wanted === specReplicas(newSet) ? new Map() : new Map([[newSet.metadata.name, wanted]]);
}

/** Replicas of the new ReplicaSet when the old ones have what they have. */
export function newReplicas(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): number {
  const wanted = deployment.spec.replicas ?? 1;
  if (deployment.spec.strategy?.type === 'Recreate') return wanted;
  const current = newSet ? specReplicas(newSet) : 0;
  if (current > wanted) return wanted;
  const room = wanted + rollingBounds(deployment).maxSurge - total(oldSets, specReplicas) - current;
  return room <= 0 ? current : Math.min(current + room, wanted);
}

function shrinkOld(deployment: Deployment, newSet: ReplicaSet, oldSets: readonly ReplicaSet[]): Scale {
  const scale: Scale = new Map();
  const sets = [...oldSets].sort(byCreation);
  if (total(sets, specReplicas) === 0) return scale;
  const { maxUnavailable } = rollingBounds(deployment);
  const minAvailable = (deployment.spec.replicas ?? 1) - maxUnavailable;
  const newUnavailable = specReplicas(newSet) - available(newSet);
  let unhealthyBudget = total([...sets, newSet], specReplicas) - minAvailable - newUnavailable;
  if (unhealthyBudget <= 0) return scale;
  const replicas = new Map(sets.map((set) => [set.metadata.name, specReplicas(set)]));
  // Replicas that are not available go first: nobody misses them.
  for (const set of sets) {
    const count = Math.min(unhealthyBudget, (replicas.get(set.metadata.name) ?? 0) - available(set));
    if (count <= 0) continue;
    replicas.set(set.metadata.name, (replicas.get(set.metadata.name) ?? 0) - count);
    unhealthyBudget -= count;
  }
  let healthyBudget = total([...sets, newSet], available) - minAvailable;
  for (const set of sets) {
    const count = Math.min(healthyBudget, replicas.get(set.metadata.name) ?? 0);
    if (count <= 0) continue;
    replicas.set(set.metadata.name, (replicas.get(set.metadata.name) ?? 0) - count);
    healthyBudget -= count;
  }
  for (const set of sets) {
    const next = replicas.get(set.metadata.name) ?? 0;
    if (next !== specReplicas(set)) scale.set(set.metadata.name, next);
  }
  return scale;
}

/** Recreate: all old pods go before the first new one comes. */
export function planRecreate(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
  oldPodsRunning: boolean,
): Scale {
  const running = oldSets.filter((set) => specReplicas(set) > 0);
  if (running.length > 0) return new Map(running.map((set) => [set.metadata.name, 0]));
  const wanted = deployment.spec.replicas ?? 1;
  if (oldPodsRunning || !newSet || specReplicas(newSet) === wanted) return new Map();
  return new Map([[newSet.metadata.name, wanted]]);
}

/** True when spec.replicas was changed since the ReplicaSets were last scaled. */
export function isScalingEvent(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return sets.some(
    (set) => specReplicas(set) > 0 && desiredReplicasOf(set) !== undefined && desiredReplicasOf(set) !== wanted,
  );
}

/** Distributes a change of spec.replicas over the ReplicaSets that have pods, in proportion to their size. */
export function planScaling(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): Scale {
  const wanted = deployment.spec.replicas ?? 1;
  const all = [...oldSets, ...(newSet ? [newSet] : [])];
  const active = all.filter((set) => specReplicas(set) > 0);
  const newestOld = [...oldSets].sort(byCreation).at(-1);
  const only = active.length === 0 ? (newSet ?? newestOld) : active.length === 1 ? active[0] : undefined;
  if (only || active.length === 0) {
    return only && specReplicas(only) !== wanted ? new Map([[only.metadata.name, wanted]]) : new Map();
  }
  if (newSet && isSaturated(newSet, wanted)) {
    return new Map(oldSets.filter((set) => specReplicas(set) > 0).map((set) => [set.metadata.name, 0]));
  }
  if (deployment.spec.strategy?.type === 'Recreate') return new Map();
  return scaleInProportion(deployment, active, wanted);
}

function isSaturated(set: ReplicaSet, wanted: number): boolean {
  return specReplicas(set) === wanted && desiredReplicasOf(set) === wanted && available(set) === wanted;
}

function scaleInProportion(deployment: Deployment, active: readonly ReplicaSet[], wanted: number): Scale {
  const allowed = wanted > 0 ? wanted + rollingBounds(deployment).maxSurge : 0;
  const toAdd = allowed - total(active, specReplicas);
  // Growing favours the newer of equally large sets, shrinking the older.
  const sets = [...active].sort(
    (a, b) => specReplicas(b) - specReplicas(a) || (toAdd > 0 ? -byCreation(a, b) : byCreation(a, b)),
  );
  const next = new Map<string, number>();
  let added = 0;
  for (const set of sets) {
    const share = toAdd === 0 ? 0 : proportion(set, deployment, allowed, toAdd - added, toAdd);
    next.set(set.metadata.name, specReplicas(set) + share);
    added += share;
  }
  const [first] = sets;
  if (first && toAdd !== added)
    next.set(first.metadata.name, Math.max(0, (next.get(first.metadata.name) ?? 0) + toAdd - added));
  return new Map(
    sets
      .filter((set) => next.get(set.metadata.name) !== specReplicas(set))
      .map((set) => [set.metadata.name, next.get(set.metadata.name) ?? 0]),
  );
}

function proportion(set: ReplicaSet, deployment: Deployment, allowed: number, left: number, toAdd: number): number {
  const before = maxReplicasOf(set) || deployment.status?.replicas || 0;
  if (specReplicas(set) === 0 || left === 0 || before === 0) return 0;
  const share = Math.round((specReplicas(set) * allowed) / before) - specReplicas(set);
  return toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
}
