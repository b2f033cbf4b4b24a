/** Who has which of the installed ClusterRoles. */

import { controllerRoleName, controllerRules } from './controller-roles.js';
import { type BindingSpec, bind, serviceAccount, user, userGroup } from './rules.js';

export function clusterRoleBindings(): BindingSpec[] {
  const authenticated = userGroup('system:authenticated');
  return [
    bind('cluster-admin', userGroup('system:masters')),
    bind('system:monitoring', userGroup('system:monitoring')),
    bind('system:discovery', authenticated),
    bind('system:basic-user', authenticated),
    bind('system:public-info-viewer', authenticated, userGroup('system:unauthenticated')),
    bind('system:node-proxier', user('system:kube-proxy')),
    bind('system:kube-controller-manager', user('system:kube-controller-manager')),
    bind('system:kube-dns', serviceAccount('kube-system', 'kube-dns')),
    bind('system:kube-scheduler', user('system:kube-scheduler')),
    bind('system:volume-scheduler', user('system:kube-scheduler')),
    // Nodes get their rights from the Node authorizer; the binding stays for upstream's tools that look for it.
    bind('system:node'),
    bind('system:service-account-issuer-discovery', userGroup('system:serviceaccounts')),
  ];
}

export function controllerBindings(): BindingSpec[] {
  return Object.keys(controllerRules).map((name) =>
    bind(controllerRoleName(name), serviceAccount('kube-system', name)),
  );
}
