/** What a Deployment says about itself: counts and conditions. Pure. */

import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@kubelab/api/types';
import { rollingBounds } from './rolling.js';

export interface StatusInput {
  deployment: Deployment;
  newSet: ReplicaSet | undefined;
  oldSets: readonly ReplicaSet[];
  nowMs: number;
  /** What happened in this round, told once: the new ReplicaSet was created or found, or could not be created. */
  progress?: { reason: string; message: string; failed?: boolean } | undefined;
  collisionCount?: number | undefined;
}

export function deploymentStatus(input: StatusInput): DeploymentStatus {
  const { deployment, newSet, oldSets } = input;
  const all = [...oldSets, ...(newSet ? [newSet] : [])];
  const sum = (count: (set: ReplicaSet) => number | undefined): number =>
    all.reduce((total, set) => total + (count(set) ?? 0), 0);
  const available = sum((set) => set.status?.availableReplicas);
  const wanted = sum((set) => set.spec.replicas);
  const collisions = input.collisionCount ?? deployment.status?.collisionCount;
  const counts = {
    replicas: sum((set) => set.status?.replicas),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sum((set) => set.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
  };
  const status: DeploymentStatus = {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
    ...(collisions ? { collisionCount: collisions } : {}),
  };
  const conditions = computeConditions(input, status);
  return conditions.length > 0 ? { ...status, conditions } : status;
}

/** Every replica is new and available, and no old one is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted
  );
}

function computeConditions(input: StatusInput, status: DeploymentStatus): DeploymentCondition[] {
  const old = input.deployment.status?.conditions ?? [];
  const next = [availability(input.deployment, status), progressing(input, status), replicaFailure(input)].filter(
    (condition) => condition !== undefined,
  );
  const now = new Date(input.nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const order = [...old.map(({ type }) => type), ...next.map(({ type }) => type)];
  return [...new Set(order)].flatMap((type) => {
    const wanted = next.find((condition) => condition.type === type);
    return wanted
      ? [
          merge(
            old.find((condition) => condition.type === type),
            wanted,
            now,
          ),
        ]
      : [];
  });
}

/** `touch`: written anew even if it says what it said, because its lastUpdateTime counts as a sign of progress. */
type NewCondition = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'> & { touch?: boolean };

function merge(
  old: DeploymentCondition | undefined,
  { touch, ...wanted }: NewCondition,
  now: string,
): DeploymentCondition {
  if (old && !touch && old.status === wanted.status && old.reason === wanted.reason) return old;
  const lastTransitionTime = old?.status === wanted.status ? (old.lastTransitionTime ?? now) : now;
  return { ...wanted, lastUpdateTime: now, lastTransitionTime };
}

function availability(deployment: Deployment, status: DeploymentStatus): NewCondition {
  const enough = (deployment.spec.replicas ?? 1) - rollingBounds(deployment).maxUnavailable;
  return (status.availableReplicas ?? 0) >= enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function replicaFailure({ newSet, oldSets }: StatusInput): NewCondition | undefined {
  for (const set of [...(newSet ? [newSet] : []), ...oldSets]) {
    const failure = set.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
    if (failure)
      return { type: 'ReplicaFailure', status: 'True', reason: failure.reason ?? '', message: failure.message ?? '' };
  }
  return undefined;
}

function progressing(input: StatusInput, status: DeploymentStatus): NewCondition | undefined {
  const { deployment, newSet, progress } = input;
  const type = 'Progressing';
  const name = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  const old = deployment.status?.conditions?.find((condition) => condition.type === type);
  const deadline = deployment.spec.progressDeadlineSeconds;
  if (deadline === undefined || deadline === 2 ** 31 - 1) return undefined;
  const same: NewCondition | undefined = old && {
    type,
    status: old.status,
    reason: old.reason ?? '',
    message: old.message ?? '',
  };
  if (deployment.spec.paused) return old?.reason === 'ProgressDeadlineExceeded' ? same : paused();
  if (old?.reason === 'DeploymentPaused')
    return { type, status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' };
  // Pods of a finished rollout that come and go are no new rollout.
  const finished = old?.reason === 'NewReplicaSetAvailable' && (status.replicas ?? 0) === (status.updatedReplicas ?? 0);
  if (finished && !progress) return same;
  if (isComplete(deployment, status)) {
    return { type, status: 'True', reason: 'NewReplicaSetAvailable', message: `${name} has successfully progressed.` };
  }
  if (progress) {
    const { failed, ...told } = progress;
    return { type, status: failed ? 'False' : 'True', ...told };
  }
  if (hasProgressed(deployment, status))
    return { type, status: 'True', reason: 'ReplicaSetUpdated', message: `${name} is progressing.`, touch: true };
  if (old && isTimedOut(old, deadline, input.nowMs)) {
    return { type, status: 'False', reason: 'ProgressDeadlineExceeded', message: `${name} has timed out progressing.` };
  }
  return same;
}

function paused(): NewCondition {
  return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' };
}

function hasProgressed({ status: old }: Deployment, now: DeploymentStatus): boolean {
  const oldOf = (status: DeploymentStatus | undefined): number =>
    (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (old?.updatedReplicas ?? 0) ||
    oldOf(now) < oldOf(old) ||
    (now.readyReplicas ?? 0) > (old?.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (old?.availableReplicas ?? 0)
  );
}

function isTimedOut(old: DeploymentCondition, deadlineSeconds: number, nowMs: number): boolean {
  if (old.reason === 'ProgressDeadlineExceeded') return true;
  if (old.reason === 'NewReplicaSetAvailable') return false;
  return nowMs > Date.parse(old.lastUpdateTime ?? '') + deadlineSeconds * 1000;
}

/** Milliseconds until the deadline would pass without progress; undefined when there is nothing to wait for. */
export function untilDeadline(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const deadline = deployment.spec.progressDeadlineSeconds;
  const condition = status.conditions?.find(({ type }) => type === 'Progressing');
  if (deadline === undefined || !condition || deployment.spec.paused || isComplete(deployment, status))
    return undefined;
  if (condition.reason === 'ProgressDeadlineExceeded' || condition.reason === 'NewReplicaSetAvailable')
    return undefined;
  return Math.max(1000, Date.parse(condition.lastUpdateTime ?? '') + deadline * 1000 - nowMs + 1000);
}
