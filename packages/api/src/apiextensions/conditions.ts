/** Conditions of CustomResourceDefinitions. */
import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '../types.js';

export type ConditionType =
  | 'Established'
  | 'NamesAccepted'
  | 'NonStructuralSchema'
  | 'Terminating'
  | 'KubernetesAPIApprovalPolicyConformant';

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

export const approvalAnnotation = 'api-approved.kubernetes.io';

/** `k8s.io`, `kubernetes.io` and what is below them. */
export function isProtectedGroup(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group);
}

/** What a definition of a protected group says about the review of its API; undefined for other groups. */
export function approvalCondition({ metadata, spec }: CustomResourceDefinition): NewCondition | undefined {
  if (!isProtectedGroup(spec.group)) return undefined;
  const type = 'KubernetesAPIApprovalPolicyConformant';
  const value = metadata.annotations?.[approvalAnnotation] ?? '';
  if (value.startsWith('unapproved')) {
    return { type, status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(value)}` };
  }
  return { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${value}` };
}

export function findCondition(
  definition: CustomResourceDefinition,
  type: ConditionType,
): CustomResourceDefinitionCondition | undefined {
  return definition.status?.conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(definition: CustomResourceDefinition, type: ConditionType): boolean {
  return findCondition(definition, type)?.status === 'True';
}

export interface NewCondition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** Puts a condition in place; its transition time is `now` only when the status is another one. */
export function setCondition(definition: CustomResourceDefinition, condition: NewCondition, now: string): void {
  definition.status ??= {};
  const conditions = definition.status.conditions ?? [];
  const old = conditions.find(({ type }) => type === condition.type);
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : now;
  const { type, status, reason, message } = condition;
  const next = { ...(lastTransitionTime ? { lastTransitionTime } : {}), message, reason, status, type };
  definition.status.conditions = old ? conditions.map((each) => (each === old ? next : each)) : [...conditions, next];
}
