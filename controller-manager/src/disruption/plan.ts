/** The status of a PodDisruptionBudget: pure. */

import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '@kubelab/api/types';
import { scaledValue } from '@kubelab/apimachinery/int-or-string';
import { isPodReady } from '../pods/pod-state.js';

/** An eviction that was granted but not seen as a deletion for this long did not happen. */
export const deletionTimeoutMs = 120_000;

/** A controller whose pods are selected, and how many it wants. */
export interface ExpectedScale {
  uid: string;
  replicas: number;
}

export interface BudgetFacts {
  budget: PodDisruptionBudget;
  /** Those it selects. */
  pods: readonly Pod[];
  /** Of all controllers of the pods, each once. */
  scales: readonly ExpectedScale[];
  nowMs: number;
}

/** True when the wanted number of healthy pods depends on the controllers' scale. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

export interface BudgetPlan {
  status: PodDisruptionBudgetStatus;
  /** Pods whose eviction was granted but did not happen. */
  undeleted: Pod[];
  /** When the first of the granted evictions should have happened. */
  requeueAfterMs?: number;
}

export function planBudget(facts: BudgetFacts): BudgetPlan {
  const { budget, pods, nowMs } = facts;
  const { expected, desired } = wantedHealthy(facts);
  const plan: BudgetPlan = {
    status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
    undeleted: [],
  };
  const disrupted = pendingDisruptions(facts, plan);
  const isPending = (pod: Pod): boolean => disrupted[pod.metadata.name] !== undefined;
  const healthy = pods.filter((pod) => !pod.metadata.deletionTimestamp && !isPending(pod) && isPodReady(pod)).length;
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
  const { generation } = budget.metadata;
  plan.status = {
    currentHealthy: healthy,
    desiredHealthy: desired,
    ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
    disruptionsAllowed: allowed,
    expectedPods: expected,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: withCondition(budget, {
      status: allowed > 0 ? 'True' : 'False',
      reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      nowMs,
    }),
  };
  return plan;
}

function wantedHealthy({ budget, pods, scales }: BudgetFacts): { expected: number; desired: number } {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const total = scales.reduce((sum, { replicas }) => sum + replicas, 0);
  if (maxUnavailable !== undefined) {
    const unavailable = scaledValue(maxUnavailable, { total, round: 'up' });
    return { expected: total, desired: Math.max(0, total - unavailable) };
  }
  if (typeof minAvailable === 'string')
    return { expected: total, desired: scaledValue(minAvailable, { total, round: 'up' }) };
  return { expected: pods.length, desired: minAvailable ?? 0 };
}

/** Granted evictions that have not shown as deletions yet. */
function pendingDisruptions({ budget, pods, nowMs }: BudgetFacts, plan: BudgetPlan): Record<string, string> {
  const known = budget.status?.disruptedPods ?? {};
  const pending: Record<string, string> = {};
  for (const pod of pods) {
    const time = known[pod.metadata.name];
    if (time === undefined || pod.metadata.deletionTimestamp) continue;
    const left = Date.parse(time) + deletionTimeoutMs - nowMs;
    if (left <= 0) {
      plan.undeleted.push(pod);
      continue;
    }
    pending[pod.metadata.name] = time;
    plan.requeueAfterMs = Math.min(plan.requeueAfterMs ?? left, left);
  }
  return pending;
}

/** When the status cannot be computed nothing may be evicted: fail safe. */
export function failedStatus(budget: PodDisruptionBudget, message: string, nowMs: number): PodDisruptionBudgetStatus {
  const status = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, ...budget.status };
  const conditions = withCondition(budget, { status: 'False', reason: 'SyncFailed', message, nowMs });
  return { ...status, disruptionsAllowed: 0, conditions };
}

function withCondition(
  budget: PodDisruptionBudget,
  next: { status: string; reason: string; message: string; nowMs: number },
): Condition[] {
  const conditions = budget.status?.conditions ?? [];
  const old = conditions.find(({ type }) => type === 'DisruptionAllowed');
  const now = `${new Date(next.nowMs).toISOString().slice(0, 19)}Z`;
  const { generation } = budget.metadata;
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: next.status,
    reason: next.reason,
    message: next.message,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: old?.status === next.status ? old.lastTransitionTime : now,
  };
  return old ? conditions.map((item) => (item === old ? condition : item)) : [...conditions, condition];
}
