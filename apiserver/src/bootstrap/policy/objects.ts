/** The installed policy as API objects. */

import type { PolicyRule, Subject } from '@kubelab/api/types';
import {
  addonManagerClusterRole,
  addonManagerClusterRoleBinding,
  addonManagerNamespacePolicies,
} from './addon-manager.js';
import { clusterRoleBindings, controllerBindings } from './cluster-role-bindings.js';
import { clusterRoles } from './cluster-roles.js';
import { controllerRoleName, controllerRules } from './controller-roles.js';
import { kubeadmClusterRoleBindings, kubeadmClusterRoles, kubeadmNamespacePolicies } from './kubeadm.js';
import { namespacePolicies } from './namespace-roles.js';
import { type BindingSpec, type RoleSpec, rbacGroup } from './rules.js';

export const autoUpdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate';

interface PolicyMeta {
  name: string;
  namespace?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface RoleObject {
  apiVersion: string;
  kind: 'ClusterRole' | 'Role';
  metadata: PolicyMeta;
  rules: PolicyRule[];
  aggregationRule?: { clusterRoleSelectors: { matchLabels: Record<string, string> }[] };
}

export interface BindingObject {
  apiVersion: string;
  kind: 'ClusterRoleBinding' | 'RoleBinding';
  metadata: PolicyMeta;
  subjects?: Subject[];
  roleRef: { apiGroup: string; kind: string; name: string };
}

export interface InstalledPolicy {
  roles: RoleObject[];
  bindings: BindingObject[];
}

const apiVersion = `${rbacGroup}/v1`;

function metadata(name: string, namespace: string | undefined, labels: Record<string, string> = {}): PolicyMeta {
  return {
    name,
    ...(namespace ? { namespace } : {}),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { [autoUpdateAnnotation]: 'true' },
  };
}

function roleObject(spec: RoleSpec, namespace?: string): RoleObject {
  return {
    apiVersion,
    kind: namespace ? 'Role' : 'ClusterRole',
    metadata: metadata(spec.name, namespace, spec.labels),
    rules: spec.rules,
    ...(spec.aggregates ? { aggregationRule: { clusterRoleSelectors: [{ matchLabels: spec.aggregates }] } } : {}),
  };
}

function bindingObject(spec: BindingSpec, namespace?: string): BindingObject {
  return {
    apiVersion,
    kind: namespace ? 'RoleBinding' : 'ClusterRoleBinding',
    metadata: metadata(spec.name, namespace),
    ...(spec.subjects.length > 0 ? { subjects: spec.subjects } : {}),
    roleRef: { apiGroup: rbacGroup, kind: spec.roleKind, name: spec.roleName },
  };
}

/** Everything, roles before the bindings that refer to them. */
export function installedPolicy(): InstalledPolicy {
  const controllers = Object.entries(controllerRules).map(([name, rules]) => ({
    name: controllerRoleName(name),
    rules,
  }));
  const policies = [...namespacePolicies(), ...kubeadmNamespacePolicies(), ...addonManagerNamespacePolicies()];
  const clusterWide = [...clusterRoles(), ...controllers, ...kubeadmClusterRoles(), addonManagerClusterRole()];
  const bindings = [
    ...clusterRoleBindings(),
    ...controllerBindings(),
    ...kubeadmClusterRoleBindings(),
    addonManagerClusterRoleBinding(),
  ];
  return {
    roles: [
      ...clusterWide.map((spec) => roleObject(spec)),
      ...policies.flatMap(({ namespace, roles }) => roles.map((spec) => roleObject(spec, namespace))),
    ],
    bindings: [
      ...bindings.map((spec) => bindingObject(spec)),
      ...policies.flatMap((policy) => policy.bindings.map((spec) => bindingObject(spec, policy.namespace))),
    ],
  };
}
