/** Names of users and groups that the server itself knows. */

import type { UserInfo } from '../contracts.js';

export const anonymousUserName = 'system:anonymous';
export const unauthenticatedGroup = 'system:unauthenticated';
export const authenticatedGroup = 'system:authenticated';
export const mastersGroup = 'system:masters';
export const nodesGroup = 'system:nodes';

const nodeUserPrefix = 'system:node:';
const serviceAccountPrefix = 'system:serviceaccount:';

export const anonymousUser: UserInfo = { name: anonymousUserName, groups: [unauthenticatedGroup] };

export function serviceAccountUserName(namespace: string, name: string): string {
  return `${serviceAccountPrefix}${namespace}:${name}`;
}

export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** The parts of `system:serviceaccount:NAMESPACE:NAME`, or undefined for any other user name. */
export function parseServiceAccountUserName(userName: string): { namespace: string; name: string } | undefined {
  if (!userName.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...more] = userName.slice(serviceAccountPrefix.length).split(':');
  return namespace && name && more.length === 0 ? { namespace, name } : undefined;
}

/**
 * The node that a user speaks for. Undefined: not a node. An empty string: a member of system:nodes whose node cannot be told, which
 * every caller has to refuse.
 */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(nodeUserPrefix)) return undefined;
  if (!user.groups.includes(nodesGroup)) return undefined;
  return user.name.slice(nodeUserPrefix.length);
}

/** Marks a user as authenticated, as every authenticator but the anonymous one must. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.name === anonymousUserName) return user;
  const known = user.groups.includes(authenticatedGroup) || user.groups.includes(unauthenticatedGroup);
  return known ? user : { ...user, groups: [...user.groups, authenticatedGroup] };
}
