/** Role-based access control. */

import type { PolicyRule, Subject } from '@kubelab/api/types';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, UserInfo } from '../../contracts.js';
import type { Grant, PolicyIndex } from './policy-index.js';
import { type RuleRequest, toRuleRequest } from './rules.js';

export function createRbacAuthorizer(index: PolicyIndex): Authorizer {
  return {
    authorize(attributes) {
      const request = toRuleRequest(attributes);
      const errors: string[] = [];
      for (const scope of scopesOf(attributes)) {
        for (const grant of index.grantsFor(attributes.user, scope)) {
          const decision = decide(index, grant, request, errors);
          if (decision) return decision;
        }
      }
      return { allowed: false, reason: errors.length > 0 ? `RBAC: ${aggregate(errors)}` : '' };
    },
  };
}

function scopesOf(attributes: AuthorizationAttributes): string[] {
  return attributes.resourceRequest && attributes.namespace ? ['', attributes.namespace] : [''];
}

function decide(
  index: PolicyIndex,
  grant: Grant,
  request: RuleRequest,
  errors: string[],
): AuthorizationDecision | undefined {
  const rules = index.rulesOf(grant.roleRef, grant.namespace);
  if (!rules) {
    errors.push(describeMissingRole(grant));
    return undefined;
  }
  if (!rules.some((rule) => rule.allows(request))) return undefined;
  return { allowed: true, reason: `RBAC: allowed by ${describeGrant(grant)}` };
}

export function describeMissingRole({ roleRef }: Pick<Grant, 'roleRef'>): string {
  return `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`;
}

function aggregate(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}

function describeGrant(grant: Grant): string {
  const binding = grant.namespace
    ? `RoleBinding ${JSON.stringify(`${grant.bindingName}/${grant.namespace}`)}`
    : `ClusterRoleBinding ${JSON.stringify(grant.bindingName)}`;
  const role = `${grant.roleRef.kind} ${JSON.stringify(grant.roleRef.name)}`;
  return `${binding} of ${role} to ${describeSubject(grant.subject, grant.namespace)}`;
}

function describeSubject(subject: Subject, bindingNamespace: string): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} ${JSON.stringify(subject.name)}`;
  return `ServiceAccount ${JSON.stringify(`${subject.name}/${subject.namespace || bindingNamespace}`)}`;
}

/** All rules that a user has in a namespace (empty: those of the cluster only), and what could not be resolved. */
export function rulesForUser(
  index: PolicyIndex,
  user: UserInfo,
  namespace: string,
): { rules: PolicyRule[]; errors: string[] } {
  const rules: PolicyRule[] = [];
  const errors: string[] = [];
  for (const scope of namespace ? ['', namespace] : ['']) {
    for (const grant of index.grantsFor(user, scope)) {
      const compiled = index.rulesOf(grant.roleRef, grant.namespace);
      if (compiled) rules.push(...compiled.map((rule) => rule.source));
      else errors.push(describeMissingRole(grant));
    }
  }
  return { rules, errors };
}
