/** Which pods of a controller go first when there are too many: upstream's ActivePodsWithRanks. Pure. */

import type { Pod } from '@kubelab/api/types';
import { isPodReady, podCondition } from './pod-state.js';

const phaseRank: ReadonlyMap<string, number> = new Map([
  ['Pending', 0],
  ['Unknown', 1],
  ['Running', 2],
]);

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';

/**
 * Sorted so that the first is deleted first. `related`: active pods of all controllers of the same family, to thin out crowded nodes. Ages are
 * compared by their order of magnitude, so that which of two old pods goes is left to chance (upstream's LogarithmicScaleDown).
 */
export function sortForDeletion(pods: readonly Pod[], related: readonly Pod[], nowMs: number): Pod[] {
  const perNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec.nodeName ?? '';
    if (node) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const crowd = (pod: Pod): number => perNode.get(pod.spec.nodeName ?? '') ?? 0;
  const byAge = (a: string, b: string): number => magnitude(a, nowMs) - magnitude(b, nowMs);
  return [...pods].sort(
    (a, b) =>
      Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
      rankOf(a) - rankOf(b) ||
      Number(isPodReady(a)) - Number(isPodReady(b)) ||
      costOf(a) - costOf(b) ||
      crowd(b) - crowd(a) ||
      byAge(readySince(a), readySince(b)) ||
      restartsOf(b) - restartsOf(a) ||
      byAge(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
      (a.metadata.uid < b.metadata.uid ? -1 : 1),
  );
}

function rankOf(pod: Pod): number {
  return phaseRank.get(pod.status?.phase ?? 'Pending') ?? 0;
}

function costOf(pod: Pod): number {
  const text = pod.metadata.annotations?.[costAnnotation] ?? '';
  return /^-?\d{1,10}$/.test(text) ? Number(text) : 0;
}

function readySince(pod: Pod): string {
  return isPodReady(pod) ? (podCondition(pod, 'Ready')?.lastTransitionTime ?? '') : '';
}

/** Binary logarithm of the age in nanoseconds; what has no time counts as just made. */
function magnitude(time: string, nowMs: number): number {
  const ageMs = nowMs - Date.parse(time);
  return ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1;
}

function restartsOf(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}
