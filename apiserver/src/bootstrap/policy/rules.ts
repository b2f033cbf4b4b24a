/** A short notation for the policy that the server installs. */

import type { PolicyRule, Subject } from '@kubelab/api/types';

export const rbacGroup = 'rbac.authorization.k8s.io';
export const readVerbs = 'get list watch';
export const writeVerbs = 'create delete deletecollection patch update';

export interface RoleSpec {
  name: string;
  rules: PolicyRule[];
  labels?: Record<string, string>;
  /** Labels of the ClusterRoles whose rules this one takes over. */
  aggregates?: Record<string, string>;
}

export interface BindingSpec {
  name: string;
  roleKind: 'ClusterRole' | 'Role';
  roleName: string;
  subjects: Subject[];
}

function words(text: string): string[] {
  return text.split(' ').sort();
}

/** Lists are separated by blanks; the group `core` stands for the empty name. */
export function allow(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  return {
    apiGroups: words(groups)
      .map((group) => (group === 'core' ? '' : group))
      .sort(),
    ...(names === undefined ? {} : { resourceNames: words(names) }),
    resources: words(resources),
    verbs: words(verbs),
  };
}

export function allowUrls(verbs: string, urls: string): PolicyRule {
  return { nonResourceURLs: words(urls), verbs: words(verbs) };
}

/** What everybody needs who records events. */
export function eventsRule(): PolicyRule {
  return allow('create patch update', 'core events.k8s.io', 'events');
}

export function user(name: string): Subject {
  return { kind: 'User', apiGroup: rbacGroup, name };
}

export function userGroup(name: string): Subject {
  return { kind: 'Group', apiGroup: rbacGroup, name };
}

export function serviceAccount(namespace: string, name: string): Subject {
  return { kind: 'ServiceAccount', name, namespace };
}

/** A ClusterRoleBinding called like its role. */
export function bind(roleName: string, ...subjects: Subject[]): BindingSpec {
  return { name: roleName, roleKind: 'ClusterRole', roleName, subjects };
}
