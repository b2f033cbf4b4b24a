/** The authorization modes of this server, joined: the first that allows wins. */

import type { PolicyRule } from '@kubelab/api/types';
import { mastersGroup, nodeNameOf } from '../authentication/users.js';
import type { AuthorizationDecision, Authorizer, ObjectAccess, RuleResolver, UserInfo } from '../contracts.js';
import { createNodeAuthorizer } from './node/authorizer.js';
import { NodeGraph } from './node/graph.js';
import { createRbacAuthorizer, rulesForUser } from './rbac/authorizer.js';
import { PolicyIndex } from './rbac/policy-index.js';

export type AuthorizationMode = 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny';

export const authorizationModes: readonly AuthorizationMode[] = ['Node', 'RBAC', 'AlwaysAllow', 'AlwaysDeny'];

export interface AuthorizationOptions {
  objects: ObjectAccess;
  /** --authorization-mode. */
  modes: readonly AuthorizationMode[];
  /** Rules of ClusterRole system:node, for mode Node. */
  nodeRules: readonly PolicyRule[];
}

export interface ResolvedRules {
  resourceRules: { verbs: string[]; apiGroups: string[]; resources: string[]; resourceNames?: string[] }[];
  nonResourceRules: { verbs: string[]; nonResourceURLs: string[] }[];
  /** True when not all rules could be told. */
  incomplete: boolean;
  evaluationError?: string;
}

export interface DetailedRuleResolver extends RuleResolver {
  rulesFor(user: UserInfo, namespace: string): ResolvedRules;
}

export interface Authorization {
  authorizer: Authorizer;
  resolver: DetailedRuleResolver;
  /** For the escalation check. */
  index: PolicyIndex;
  /** Takes in everything that the caches hold; call it once they are filled. */
  load(): void;
  stop(): void;
}

/** Starts following roles, bindings, pods and volumes at once. */
export function createAuthorization(options: AuthorizationOptions): Authorization {
  const index = new PolicyIndex(options.objects);
  const graph = new NodeGraph(options.objects);
  const ends = [index.start(), graph.start()];
  const byMode: Readonly<Record<AuthorizationMode, () => Authorizer>> = {
    Node: () => createNodeAuthorizer({ graph, nodeRules: options.nodeRules }),
    RBAC: () => createRbacAuthorizer(index),
    AlwaysAllow: () => ({ authorize: () => ({ allowed: true, reason: '' }) }),
    AlwaysDeny: () => ({ authorize: () => ({ allowed: false, reason: 'Everything is forbidden.' }) }),
  };
  const members = options.modes.map((mode) => byMode[mode]());
  return {
    authorizer: unionAuthorizer([mastersAuthorizer, ...members]),
    resolver: createResolver(index, options.modes),
    index,
    load: () => {
      index.load();
      graph.load();
    },
    stop: () => {
      for (const end of ends) end();
    },
  };
}

/** Members of system:masters may do everything, whatever the roles say: the way back in when they are broken. */
const mastersAuthorizer: Authorizer = {
  authorize: ({ user }) => ({ allowed: user.groups.includes(mastersGroup), reason: '' }),
};

export function unionAuthorizer(members: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes) {
      const reasons: string[] = [];
      for (const [position, member] of members.entries()) {
        const decision = member.authorize(attributes);
        if (decision instanceof Promise)
          return continueLater(decision, members.slice(position + 1), attributes, reasons);
        if (decision.allowed) return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { allowed: false, reason: reasons.join('\n') };
    },
  };
}

async function continueLater(
  pending: Promise<AuthorizationDecision>,
  rest: readonly Authorizer[],
  attributes: Parameters<Authorizer['authorize']>[0],
  reasons: string[],
): Promise<AuthorizationDecision> {
  let decision = await pending;
  for (const member of rest) {
    if (decision.allowed) return decision;
    if (decision.reason !== '') reasons.push(decision.reason);
    decision = await member.authorize(attributes);
  }
  if (decision.allowed) return decision;
  if (decision.reason !== '') reasons.push(decision.reason);
  return { allowed: false, reason: reasons.join('\n') };
}

function createResolver(index: PolicyIndex, modes: readonly AuthorizationMode[]): DetailedRuleResolver {
  return {
    rulesFor(user, namespace) {
      const { rules, errors } = modes.includes('RBAC')
        ? rulesForUser(index, user, namespace)
        : { rules: [], errors: [] };
      if (modes.includes('Node') && nodeNameOf(user) !== undefined) {
        errors.unshift('node authorizer does not support user rule resolution');
      }
      const all = modes.includes('AlwaysAllow') ? [...everything, ...rules] : rules;
      return {
        resourceRules: all.filter((rule) => rule.resources?.length).map(toResourceRule),
        nonResourceRules: all.filter((rule) => rule.nonResourceURLs?.length).map(toNonResourceRule),
        incomplete: errors.length > 0,
        ...(errors.length > 0 ? { evaluationError: errors.join(', ') } : {}),
      };
    },
  };
}

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

function toResourceRule(rule: PolicyRule): ResolvedRules['resourceRules'][number] {
  return {
    verbs: rule.verbs,
    apiGroups: rule.apiGroups ?? [],
    resources: rule.resources ?? [],
    ...(rule.resourceNames?.length ? { resourceNames: rule.resourceNames } : {}),
  };
}

function toNonResourceRule(rule: PolicyRule): ResolvedRules['nonResourceRules'][number] {
  return { verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs ?? [] };
}
