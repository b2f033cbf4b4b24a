/** The annotations that tie Deployments to their ReplicaSets. Pure. */

import type { Deployment, ReplicaSet } from '@kubelab/api/types';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a Deployment that are not its ReplicaSets' business. */
const ownAnnotations: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
]);

type Annotations = Record<string, string>;

/** Revisions are integers of 64 bits: clients may set any. What is none counts as 0. */
export function revisionOf(object: { metadata: { annotations?: Annotations } }): bigint {
  return parseRevision(object.metadata.annotations?.[revisionAnnotation]);
}

const greatestRevision = 2n ** 63n - 1n;

function parseRevision(text = ''): bigint {
  const value = /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  return value > greatestRevision ? 0n : value;
}

/** The greatest of them, 0 of none. */
export function latestOf(revisions: readonly bigint[]): bigint {
  let latest = 0n;
  for (const revision of revisions) if (revision > latest) latest = revision;
  return latest;
}

/** The ReplicaSet's annotations after taking over the Deployment's and, when newer, the revision. */
export function replicaSetAnnotations(deployment: Deployment, old: Annotations, revision: bigint): Annotations {
  const result: Annotations = { ...old };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!ownAnnotations.has(key)) result[key] = value;
  }
  const oldRevision = old[revisionAnnotation] ?? '';
  if (parseRevision(oldRevision) < revision) {
    result[revisionAnnotation] = String(revision);
    if (oldRevision !== '') {
      const history = old[revisionHistoryAnnotation];
      result[revisionHistoryAnnotation] = shortened(history ? `${history},${oldRevision}` : oldRevision);
    }
  }
  return result;
}

/** Upstream's limit: the oldest revisions are forgotten. */
const longestHistory = 2000;

function shortened(history: string): string {
  let rest = history;
  while (rest.length > longestHistory && rest.includes(',')) rest = rest.slice(rest.indexOf(',') + 1);
  return rest;
}

export function withReplicaAnnotations(annotations: Annotations, desired: number, max: number): Annotations {
  return { ...annotations, [desiredReplicasAnnotation]: String(desired), [maxReplicasAnnotation]: String(max) };
}

export function desiredReplicasOf(replicaSet: ReplicaSet): number | undefined {
  return numberOf(replicaSet, desiredReplicasAnnotation);
}

export function maxReplicasOf(replicaSet: ReplicaSet): number | undefined {
  return numberOf(replicaSet, maxReplicasAnnotation);
}

function numberOf(replicaSet: ReplicaSet, annotation: string): number | undefined {
  const text = replicaSet.metadata.annotations?.[annotation] ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
