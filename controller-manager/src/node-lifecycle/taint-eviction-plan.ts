/** When a pod has to leave a node because of NoExecute taints: pure. */

import type { Pod, Taint, Toleration } from '@kubelab/api/types';

/** `stay`: all taints are tolerated for ever. `at`: milliseconds since the epoch. */
export type Eviction = { stay: true } | { stay: false; at: number };

/** `since` is when the taints were first seen, for those that do not say when they were added. */
export function planEviction(pod: Pod, taints: readonly Taint[], since: number): Eviction {
  const noExecute = taints.filter(({ effect }) => effect === 'NoExecute');
  let at = Number.POSITIVE_INFINITY;
  for (const taint of noExecute) {
    const start = taint.timeAdded ? Date.parse(taint.timeAdded) : since;
    const tolerations = (pod.spec.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    if (tolerations.length === 0) return { stay: false, at: start };
    const seconds = Math.min(
      ...tolerations.map(({ tolerationSeconds }) => tolerationSeconds ?? Number.POSITIVE_INFINITY),
    );
    at = Math.min(at, start + Math.max(0, seconds) * 1000);
  }
  return Number.isFinite(at) ? { stay: false, at } : { stay: true };
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return toleration.key !== undefined && (toleration.value ?? '') === (taint.value ?? '');
}
