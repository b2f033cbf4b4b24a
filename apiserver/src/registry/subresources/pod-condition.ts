/** Conditions that the server itself puts on pods. Pure. */

import { completeObject } from '@kubelab/api/complete-object';
import type { Pod } from '@kubelab/api/types';
import type { JsonObject } from '@kubelab/apimachinery/json';

type Condition = NonNullable<NonNullable<Pod['status']>['conditions']>[number];

/** Sets the condition in its place; its time changes with its status only. `now` is RFC 3339. Changes `pod`. */
export function setPodCondition(pod: Pod, condition: Omit<Condition, 'lastTransitionTime'>, now: string): void {
  const conditions = pod.status?.conditions ?? [];
  const old = conditions.find(({ type }) => type === condition.type);
  const { generation } = pod.metadata;
  const next: Condition = {
    ...condition,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: old?.status === condition.status ? (old.lastTransitionTime ?? now) : now,
  };
  const all = old ? conditions.map((item) => (item === old ? next : item)) : [...conditions, next];
  pod.status = { ...pod.status, conditions: all };
  completeObject('v1', 'Pod', pod as unknown as JsonObject);
}
