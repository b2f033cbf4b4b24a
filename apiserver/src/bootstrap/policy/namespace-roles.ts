/** Roles and RoleBindings in kube-system and kube-public. */

import { allow, type BindingSpec, eventsRule, type RoleSpec, readVerbs, serviceAccount, user } from './rules.js';

export interface NamespacePolicy {
  namespace: string;
  roles: RoleSpec[];
  bindings: BindingSpec[];
}

const bind = (roleName: string, subjects: BindingSpec['subjects'], name = roleName): BindingSpec => ({
  name,
  roleKind: 'Role',
  roleName,
  subjects,
});

export function namespacePolicies(): NamespacePolicy[] {
  return [kubeSystem(), kubePublic()];
}

function kubeSystem(): NamespacePolicy {
  const controllerManager = user('system:kube-controller-manager');
  const scheduler = user('system:kube-scheduler');
  const leader = (name: string): RoleSpec => ({
    name: `system::leader-locking-${name}`,
    rules: [
      allow('watch', 'core', 'configmaps'),
      allow('get update', 'core', 'configmaps', name),
      allow('create get list update watch', 'coordination.k8s.io', 'leases'),
    ],
  });
  return {
    namespace: 'kube-system',
    roles: [
      {
        name: 'extension-apiserver-authentication-reader',
        rules: [allow(readVerbs, 'core', 'configmaps', 'extension-apiserver-authentication')],
      },
      { name: 'system:controller:bootstrap-signer', rules: [allow(readVerbs, 'core', 'secrets')] },
      {
        name: 'system:controller:cloud-provider',
        rules: [allow('create get list update watch', 'core', 'configmaps')],
      },
      {
        name: 'system:controller:token-cleaner',
        rules: [allow('delete get list watch', 'core', 'secrets'), eventsRule()],
      },
      leader('kube-controller-manager'),
      leader('kube-scheduler'),
    ],
    bindings: [
      bind(
        'extension-apiserver-authentication-reader',
        [controllerManager, scheduler],
        'system::extension-apiserver-authentication-reader',
      ),
      bind('system:controller:bootstrap-signer', [serviceAccount('kube-system', 'bootstrap-signer')]),
      bind('system:controller:cloud-provider', [serviceAccount('kube-system', 'cloud-provider')]),
      bind('system:controller:token-cleaner', [serviceAccount('kube-system', 'token-cleaner')]),
      bind('system::leader-locking-kube-controller-manager', [
        controllerManager,
        serviceAccount('kube-system', 'kube-controller-manager'),
      ]),
      bind('system::leader-locking-kube-scheduler', [scheduler, serviceAccount('kube-system', 'kube-scheduler')]),
    ],
  };
}

function kubePublic(): NamespacePolicy {
  const name = 'system:controller:bootstrap-signer';
  return {
    namespace: 'kube-public',
    roles: [
      {
        name,
        rules: [
          allow(readVerbs, 'core', 'configmaps'),
          allow('update', 'core', 'configmaps', 'cluster-info'),
          eventsRule(),
        ],
      },
    ],
    bindings: [bind(name, [serviceAccount('kube-system', 'bootstrap-signer')])],
  };
}
