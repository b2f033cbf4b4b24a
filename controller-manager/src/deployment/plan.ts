/** One round for a Deployment: from the objects to the writes. Pure. */

import type { Deployment, Pod, ReplicaSet } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { Draft } from '@kubelab/apimachinery/meta';
import { controllerReference } from '@kubelab/controller/owner';
import { isPodTerminated } from '../pods/pod-state.js';
import { templateHash } from '../pods/template-hash.js';
import {
  desiredReplicasOf,
  latestOf,
  replicaSetAnnotations,
  revisionOf,
  withReplicaAnnotations,
} from './annotations.js';
import {
  isScalingEvent,
  newReplicas,
  planRecreate,
  planRollingUpdate,
  planScaling,
  rollingBounds,
  type Scale,
} from './rolling.js';
import { byCreation, findNewReplicaSet, hashLabel } from './template.js';

export interface DeploymentPlan {
  newSet: ReplicaSet | undefined;
  oldSets: ReplicaSet[];
  /** The revision that the Deployment should show. */
  revision: bigint;
  create?: Draft<ReplicaSet>;
  /** Whole ReplicaSets to write, with new annotations or minReadySeconds. */
  refresh: ReplicaSet[];
  scale: Scale;
}

export function planDeployment(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  pods: readonly Pod[],
): DeploymentPlan {
  const newSet = findNewReplicaSet(deployment, sets);
  const oldSets = sets.filter((set) => set !== newSet);
  const revision = latestOf(oldSets.map(revisionOf)) + 1n;
  const plan: DeploymentPlan = {
    newSet,
    oldSets,
    revision: newSet ? latestOf([revision, revisionOf(newSet)]) : revision,
    refresh: [],
    scale: new Map(),
  };
  if (deployment.spec.paused || isScalingEvent(deployment, sets)) {
    plan.scale = withStaleAnnotations(planScaling(deployment, newSet, oldSets), deployment, sets);
    const refreshed = newSet && refresh(deployment, newSet, plan.revision);
    if (refreshed) plan.refresh.push(refreshed);
    if (!newSet) plan.revision = revisionOf(deployment);
    return plan;
  }
  const recreating = deployment.spec.strategy?.type === 'Recreate';
  const oldRunning = recreating && hasRunningPods(oldSets, pods);
  if (!newSet) {
    const waits = recreating && (oldRunning || oldSets.some((set) => (set.spec.replicas ?? 0) > 0));
    if (waits) {
      plan.scale = planRecreate(deployment, newSet, oldSets, oldRunning);
      plan.revision = revisionOf(deployment);
    } else plan.create = draftReplicaSet(deployment, oldSets, plan.revision);
    return plan;
  }
  const refreshed = refresh(deployment, newSet, plan.revision);
  if (refreshed) plan.refresh.push(refreshed);
  plan.scale = recreating
    ? planRecreate(deployment, newSet, oldSets, oldRunning)
    : planRollingUpdate(deployment, newSet, oldSets);
  return plan;
}

/** Sets that keep their size must still note the new total, or the change of spec.replicas would look unfinished for ever. */
function withStaleAnnotations(scale: Scale, deployment: Deployment, sets: readonly ReplicaSet[]): Scale {
  const stale = sets
    .filter(({ spec }) => (spec.replicas ?? 1) > 0)
    .filter((set) => desiredReplicasOf(set) !== (deployment.spec.replicas ?? 1));
  return new Map([...stale.map((set): [string, number] => [set.metadata.name, set.spec.replicas ?? 1]), ...scale]);
}

function hasRunningPods(sets: readonly ReplicaSet[], pods: readonly Pod[]): boolean {
  const uids = new Set(sets.map(({ metadata }) => metadata.uid));
  return pods.some(
    (pod) =>
      !isPodTerminated(pod) && pod.metadata.ownerReferences?.some(({ uid, controller }) => controller && uids.has(uid)),
  );
}

function draftReplicaSet(deployment: Deployment, oldSets: readonly ReplicaSet[], revision: bigint): Draft<ReplicaSet> {
  const { spec, metadata } = deployment;
  const hash = templateHash(spec.template, deployment.status?.collisionCount ?? 0);
  const labels = { ...spec.template.metadata?.labels, [hashLabel]: hash };
  const replicas = newReplicas(deployment, undefined, oldSets);
  const annotations = replicaSetAnnotations(deployment, {}, revision);
  const { namespace = '' } = metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace,
      labels,
      annotations: withReplicaAnnotations(
        annotations,
        spec.replicas ?? 1,
        (spec.replicas ?? 1) + rollingBounds(deployment).maxSurge,
      ),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(spec.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [hashLabel]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
}

function refresh(deployment: Deployment, newSet: ReplicaSet, revision: bigint): ReplicaSet | undefined {
  const annotations = replicaSetAnnotations(deployment, newSet.metadata.annotations ?? {}, revision);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  if (
    deepEqual(annotations, newSet.metadata.annotations ?? {}) &&
    minReadySeconds === (newSet.spec.minReadySeconds ?? 0)
  )
    return undefined;
  return { ...newSet, metadata: { ...newSet.metadata, annotations }, spec: { ...newSet.spec, minReadySeconds } };
}

function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  const [first, second] = [revisionOf(a), revisionOf(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** Old ReplicaSets beyond the history limit, once the Deployment is complete: empty ones, the oldest revisions first. */
export function planCleanup(deployment: Deployment, oldSets: readonly ReplicaSet[]): ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? 10;
  const candidates = oldSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = candidates.length - limit;
  if (surplus <= 0) return [];
  return [...candidates]
    .sort((a, b) => byRevision(a, b) || byCreation(a, b))
    .slice(0, surplus)
    .filter(
      ({ spec, status, metadata }) =>
        (status?.replicas ?? 0) === 0 &&
        (spec.replicas ?? 0) === 0 &&
        (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0),
    );
}
