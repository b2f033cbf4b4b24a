/** Rights of the program that applies the cluster addons: exactly what server-side apply of them takes. */

import type { PolicyRule } from '@kubelab/api/types';
import type { NamespacePolicy } from './namespace-roles.js';
import { allow, type BindingSpec, type RoleSpec, rbacGroup, user } from './rules.js';

export const addonManagerName = 'kubelab:addon-manager';
const applyVerbs = 'create get list patch update watch';

/** ClusterRoles that addons bind: they may be handed on although the addon manager does not have what they allow. */
const boundRoles = [
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
  'system:coredns',
  'system:kubelet-api-admin',
  'system:node-bootstrapper',
  'system:node-proxier',
  'system:persistent-volume-provisioner',
].join(' ');

/** What the ClusterRoles that addons bring allow: who writes a role must have all of it. */
export function dnsRules(): PolicyRule[] {
  return [
    allow('list watch', 'core', 'endpoints namespaces pods services'),
    allow('list watch', 'discovery.k8s.io', 'endpointslices'),
  ];
}

function clusterRules(): PolicyRule[] {
  return [
    allow(applyVerbs, rbacGroup, 'clusterrolebindings clusterroles'),
    allow('bind', rbacGroup, 'clusterroles', boundRoles),
    allow(applyVerbs, 'storage.k8s.io', 'storageclasses'),
    ...dnsRules(),
  ];
}

function namespaceRules(): PolicyRule[] {
  return [
    allow(applyVerbs, 'apps', 'daemonsets deployments'),
    allow(applyVerbs, 'core', 'configmaps secrets serviceaccounts services'),
    allow(applyVerbs, rbacGroup, 'rolebindings roles'),
  ];
}

export function addonManagerClusterRole(): RoleSpec {
  return { name: addonManagerName, rules: clusterRules() };
}

export function addonManagerClusterRoleBinding(): BindingSpec {
  return {
    name: addonManagerName,
    roleKind: 'ClusterRole',
    roleName: addonManagerName,
    subjects: [user(addonManagerName)],
  };
}

export function addonManagerNamespacePolicies(): NamespacePolicy[] {
  return ['kube-system', 'kube-public'].map((namespace) => ({
    namespace,
    roles: [{ name: addonManagerName, rules: namespaceRules() }],
    bindings: [
      { name: addonManagerName, roleKind: 'Role', roleName: addonManagerName, subjects: [user(addonManagerName)] },
    ],
  }));
}
