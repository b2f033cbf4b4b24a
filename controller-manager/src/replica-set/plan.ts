/** From a ReplicaSet (or ReplicationController) and its pods to what to do and to say: pure. */

import type { Pod } from '@kubelab/api/types';
import { sortForDeletion } from '../pods/deletion-order.js';
import { availableAt, isPodActive, isPodAvailable, isPodReady, isPodTerminated } from '../pods/pod-state.js';

/** What the two kinds have in common. */
export interface ReplicaFacts {
  replicas: number;
  minReadySeconds: number;
  templateLabels: Readonly<Record<string, string>>;
}

export interface ReplicaPlan {
  create: number;
  delete: Pod[];
}

/** No more than this many pods are created or deleted in one round. */
export const burstReplicas = 500;

/** `related`: active pods of all ReplicaSets with the same owner. */
export function planReplicas(
  facts: ReplicaFacts,
  owned: readonly Pod[],
  related: readonly Pod[],
  nowMs: number,
): ReplicaPlan {
  const active = owned.filter(isPodActive);
  const difference = active.length - facts.replicas;
  if (difference < 0) return { create: Math.min(-difference, burstReplicas), delete: [] };
  const surplus = Math.min(difference, burstReplicas);
  return { create: 0, delete: surplus === 0 ? [] : sortForDeletion(active, related, nowMs).slice(0, surplus) };
}

export interface ReplicaCounts {
  replicas: number;
  fullyLabeledReplicas: number;
  readyReplicas: number;
  availableReplicas: number;
  terminatingReplicas: number;
}

export function countReplicas(facts: ReplicaFacts, owned: readonly Pod[], nowMs: number): ReplicaCounts {
  const active = owned.filter(isPodActive);
  const labels = Object.entries(facts.templateLabels);
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value))
      .length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: active.filter((pod) => isPodAvailable(pod, facts.minReadySeconds, nowMs)).length,
    terminatingReplicas: owned.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !isPodTerminated(pod))
      .length,
  };
}

/** Milliseconds until the next ready pod becomes available; undefined when none is waiting for it. */
export function untilNextAvailable(facts: ReplicaFacts, owned: readonly Pod[], nowMs: number): number | undefined {
  const times = owned
    .map((pod) => availableAt(pod, facts.minReadySeconds))
    .filter((at) => Number.isFinite(at) && at > nowMs);
  return times.length === 0 ? undefined : Math.min(...times) - nowMs;
}
