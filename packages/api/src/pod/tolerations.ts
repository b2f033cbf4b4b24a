import type { Taint, Toleration } from '../types.js';

/** Upstream's ToleratesTaint. */
export function tolerates(toleration: Toleration, taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  // Without a key only Exists is valid; it tolerates everything.
  return toleration.key !== undefined && (toleration.value ?? '') === (taint.value ?? '');
}
