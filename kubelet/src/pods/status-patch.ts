import type { PodCondition, PodStatus } from '@kubelab/api/types';
import { kubeletConditions } from './conditions.js';

/** Fields of a pod status that the kubelet writes; others (nominatedNodeName, resourceClaimStatuses) belong to other components. */
const ownFields = [
  'observedGeneration',
  'phase',
  'reason',
  'message',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
  'qosClass',
] as const;

/** A strategic merge patch of the status that turns `before` into `after`; undefined when nothing differs. */
export function statusPatch(uid: string, before: PodStatus, after: PodStatus): Record<string, unknown> | undefined {
  const changes: Record<string, unknown> = {};
  for (const field of ownFields) {
    if (isSame(before[field], after[field])) continue;
    if (after[field] === undefined) changes[field] = null;
    // A list that merges by key would keep the addresses of an earlier sandbox.
    else if (field === 'podIPs') changes[field] = [{ $patch: 'replace' }, ...(after.podIPs ?? [])];
    else changes[field] = after[field];
  }
  const conditions = changedConditions(before.conditions ?? [], after.conditions ?? []);
  if (conditions.length > 0) changes['conditions'] = conditions;
  if (Object.keys(changes).length === 0) return undefined;
  return { metadata: { uid }, status: changes };
}

function changedConditions(before: readonly PodCondition[], after: readonly PodCondition[]): Record<string, unknown>[] {
  const removed = before.filter(
    ({ type }) => kubeletConditions.includes(type) && !after.some((condition) => condition.type === type),
  );
  const changed = after
    .filter((condition) => {
      const old = before.find((item) => item.type === condition.type);
      return !old || !isSame(comparable(old), comparable(condition));
    })
    .map((condition) => ({
      ...condition,
      // Absent in the new one, so it has to go from the old one.
      reason: condition.reason ?? null,
      message: condition.message ?? null,
    }));
  return [...changed, ...removed.map(({ type }) => ({ type, $patch: 'delete' }))];
}

function comparable(condition: PodCondition): unknown {
  const { type, status, reason = '', message = '', lastTransitionTime = '', observedGeneration = 0 } = condition;
  return { type, status, reason, message, lastTransitionTime, observedGeneration };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

/** Absent, null and empty are the same to the API for these fields, but for a state that is known by its name alone. */
function plain(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(plain);
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, item]) => [key, plain(item)] as const);
  return Object.fromEntries(entries.filter(([key, item]) => !isAbsent(key, item)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isAbsent(key: string, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === undefined;
  return Object.keys(value).length === 0 && key !== 'waiting' && key !== 'running';
}
