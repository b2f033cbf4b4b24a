/** Nobody may give what they do not have: the check on writes of roles and bindings. */

import type { ClusterRole, PolicyRule, RoleBinding } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { forbidden, notFound, type StatusError } from '@kubelab/apimachinery/status-error';
import { isCollectorChange } from '../../admission/collector-change.js';
import { mastersGroup } from '../../authentication/users.js';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../../contracts.js';
import { rulesForUser } from './authorizer.js';
import { uncoveredRules } from './covers.js';
import type { PolicyIndex } from './policy-index.js';
import { formatRule, formatStrings } from './rules.js';

const group = 'rbac.authorization.k8s.io';
const fullAuthority: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

export interface EscalationOptions {
  index: PolicyIndex;
  authorizer: Authorizer;
}

/** Belongs after all other validating plugins: upstream checks this in the registry, behind admission. */
export function createEscalationCheck(options: EscalationOptions): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    async validate(request) {
      if (request.definition.group !== group || request.subresource !== '' || !request.object) return;
      if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return;
      if (request.user.groups.includes(mastersGroup)) return;
      if (request.oldObject && isCollectorChange(request.object, request.oldObject)) return;
      switch (request.definition.plural) {
        case 'roles':
        case 'clusterroles':
          return checkRole(options, request, request.object);
        case 'rolebindings':
        case 'clusterrolebindings':
          return checkBinding(options, request, request.object);
      }
    },
  };
}

async function isAuthorized(
  options: EscalationOptions,
  request: AdmissionRequest,
  verb: string,
  about: Target,
): Promise<boolean> {
  const decision = await options.authorizer.authorize({
    user: request.user,
    verb,
    resourceRequest: true,
    apiGroup: group,
    apiVersion: 'v1',
    resource: about.resource,
    name: about.name,
    path: '',
    ...(request.namespace ? { namespace: request.namespace } : {}),
  });
  return decision.allowed;
}

interface Target {
  resource: string;
  name: string;
}

async function checkRole(
  options: EscalationOptions,
  request: AdmissionRequest,
  object: UnstructuredObject,
): Promise<void> {
  const role = object as unknown as ClusterRole;
  const target = { resource: request.definition.plural, name: role.metadata.name };
  if (await isAuthorized(options, request, 'escalate', target)) return;
  confirmNoEscalation(options.index, request, target, role.rules ?? []);
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  if (selectors.length === 0 || !aggregationChanged(role, request.oldObject)) return;
  const { rules } = rulesForUser(options.index, request.user, '');
  if (uncoveredRules(rules, fullAuthority).length > 0) {
    throw refusal(target, 'must have cluster-admin privileges to use the aggregationRule');
  }
}

function aggregationChanged(role: ClusterRole, old: UnstructuredObject | undefined): boolean {
  return (
    JSON.stringify(role.aggregationRule) !==
    JSON.stringify((old as unknown as ClusterRole | undefined)?.aggregationRule)
  );
}

async function checkBinding(
  options: EscalationOptions,
  request: AdmissionRequest,
  object: UnstructuredObject,
): Promise<void> {
  const { roleRef, metadata } = object as unknown as RoleBinding;
  const role = { resource: roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles', name: roleRef.name };
  if (await isAuthorized(options, request, 'bind', role)) return;
  const compiled = options.index.rulesOf(roleRef, request.namespace ?? '');
  if (!compiled) throw notFound({ group, resource: role.resource }, role.name);
  const target = { resource: request.definition.plural, name: metadata.name };
  confirmNoEscalation(
    options.index,
    request,
    target,
    compiled.map((rule) => rule.source),
  );
}

function confirmNoEscalation(
  index: PolicyIndex,
  request: AdmissionRequest,
  target: Target,
  wanted: readonly PolicyRule[],
): void {
  const { rules, errors } = rulesForUser(index, request.user, request.namespace ?? '');
  const missing = uncoveredRules(rules, wanted);
  if (missing.length === 0) return;
  const { user } = request;
  const lines = compact(missing).map(formatRule).sort().join('\n');
  const who = `user ${JSON.stringify(user.name)} (groups=${formatStrings(user.groups)})`;
  const unresolved = errors.length > 0 ? `; resolution errors: [${errors.join(', ')}]` : '';
  const message = `${who} is attempting to grant RBAC permissions not currently held:\n${lines}${unresolved}`;
  throw refusal(target, message);
}

function refusal(target: Target, why: string): StatusError {
  return forbidden({ group, resource: target.resource }, target.name, why);
}

/** Joins rules that differ in their verbs only, for shorter messages. */
function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  for (const { verbs, ...rest } of rules) {
    const key = JSON.stringify(rest);
    const known = joined.get(key);
    if (known) known.verbs = [...new Set([...known.verbs, ...verbs])];
    else joined.set(key, { ...rest, verbs: [...verbs] });
  }
  return [...joined.values()];
}
