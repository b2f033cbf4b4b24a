/** What kubeadm adds to the server's own policy so that nodes can join with a bootstrap token. */

import type { NamespacePolicy } from './namespace-roles.js';
import { allow, type BindingSpec, type RoleSpec, serviceAccount, user, userGroup } from './rules.js';

const joiningNodes = userGroup('system:bootstrappers:kubeadm:default-node-token');
const nodes = userGroup('system:nodes');
const signingRequests = 'system:certificates.k8s.io:certificatesigningrequests';

export function kubeadmClusterRoles(): RoleSpec[] {
  return [{ name: 'kubeadm:get-nodes', rules: [allow('get', 'core', 'nodes')] }];
}

function bind(name: string, roleName: string, ...subjects: BindingSpec['subjects']): BindingSpec {
  return { name, roleKind: 'ClusterRole', roleName, subjects };
}

export function kubeadmClusterRoleBindings(): BindingSpec[] {
  return [
    bind('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', joiningNodes),
    bind('kubeadm:get-nodes', 'kubeadm:get-nodes', joiningNodes),
    bind('kubeadm:node-autoapprove-bootstrap', `${signingRequests}:nodeclient`, joiningNodes),
    bind('kubeadm:node-autoapprove-certificate-rotation', `${signingRequests}:selfnodeclient`, nodes),
    bind(
      'kubeadm:node-proxier',
      'system:node-proxier',
      user('system:kube-proxy'),
      serviceAccount('kube-system', 'kube-proxy'),
    ),
    // With this certificate the server itself reaches the kubelets, for logs, exec and port-forward.
    bind('kubelab:apiserver-kubelet-client', 'system:kubelet-api-admin', user('kube-apiserver-kubelet-client')),
    bind('system:coredns', 'system:coredns', serviceAccount('kube-system', 'coredns')),
  ];
}

/** A node that joins reads the cluster's CA from kube-public before it has any identity. */
export function kubeadmNamespacePolicies(): NamespacePolicy[] {
  const name = 'kubeadm:bootstrap-signer-clusterinfo';
  return [
    {
      namespace: 'kube-public',
      roles: [{ name, rules: [allow('get', 'core', 'configmaps', 'cluster-info')] }],
      bindings: [{ name, roleKind: 'Role', roleName: name, subjects: [user('system:anonymous')] }],
    },
  ];
}
