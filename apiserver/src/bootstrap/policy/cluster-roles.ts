/** The ClusterRoles that upstream's API server installs (controllers' roles: controller-roles.ts). */

import type { PolicyRule } from '@kubelab/api/types';
import { dnsRules } from './addon-manager.js';
import { allow, allowUrls, eventsRule, type RoleSpec, readVerbs } from './rules.js';
import { aggregateToAdmin, aggregateToEdit, aggregateToView } from './user-roles.js';

const aggregateLabel = (role: string): Record<string, string> => ({
  [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true',
});

const healthUrls = '/healthz /livez /readyz';

/** Roles for people and programs of every kind. */
function generalRoles(): RoleSpec[] {
  return [
    { name: 'cluster-admin', rules: [allow('*', '*', '*'), allowUrls('*', '*')] },
    {
      name: 'system:discovery',
      rules: [allowUrls('get', `${healthUrls} /api /api/* /apis /apis/* /openapi /openapi/* /version /version/`)],
    },
    {
      name: 'system:monitoring',
      rules: [allowUrls('get', `${healthUrls} /healthz/* /livez/* /readyz/* /metrics /metrics/slis`)],
    },
    {
      name: 'system:basic-user',
      rules: [
        allow('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
        allow('create', 'authentication.k8s.io', 'selfsubjectreviews'),
      ],
    },
    { name: 'system:public-info-viewer', rules: [allowUrls('get', `${healthUrls} /version /version/`)] },
    { name: 'admin', rules: [], aggregates: aggregateLabel('admin') },
    { name: 'edit', rules: [], labels: aggregateLabel('admin'), aggregates: aggregateLabel('edit') },
    { name: 'view', rules: [], labels: aggregateLabel('edit'), aggregates: aggregateLabel('view') },
    { name: 'system:aggregate-to-admin', labels: aggregateLabel('admin'), rules: aggregateToAdmin() },
    { name: 'system:aggregate-to-edit', labels: aggregateLabel('edit'), rules: aggregateToEdit() },
    { name: 'system:aggregate-to-view', labels: aggregateLabel('view'), rules: aggregateToView() },
    {
      name: 'system:heapster',
      rules: [allow(readVerbs, 'core', 'events namespaces nodes pods'), allow(readVerbs, 'extensions', 'deployments')],
    },
    {
      name: 'system:service-account-issuer-discovery',
      rules: [allowUrls('get', '/.well-known/openid-configuration /openid/v1/jwks')],
    },
  ];
}

/** What every kubelet may do; what it may read is narrowed down by the Node authorizer, what it may write by NodeRestriction. */
export function nodeRules(): PolicyRule[] {
  return [
    allow('create', 'authentication.k8s.io', 'tokenreviews'),
    allow('create', 'authorization.k8s.io', 'subjectaccessreviews localsubjectaccessreviews'),
    allow(readVerbs, 'core', 'services'),
    allow('create get list watch', 'core', 'nodes'),
    allow('patch update', 'core', 'nodes/status'),
    allow('patch update', 'core', 'nodes'),
    allow('create patch update', 'core', 'events'),
    allow(readVerbs, 'core', 'pods'),
    allow('create delete', 'core', 'pods'),
    allow('patch update', 'core', 'pods/status'),
    allow('create', 'core', 'pods/eviction'),
    allow(readVerbs, 'core', 'configmaps secrets'),
    allow('get', 'core', 'persistentvolumeclaims persistentvolumes'),
    allow('get', 'core', 'endpoints'),
    allow('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    allow('create delete get patch update', 'coordination.k8s.io', 'leases'),
    allow('get', 'storage.k8s.io', 'volumeattachments'),
    allow('create', 'core', 'serviceaccounts/token'),
    allow('get patch update', 'core', 'persistentvolumeclaims/status'),
    allow(readVerbs, 'storage.k8s.io', 'csidrivers'),
    allow('create delete get patch update', 'storage.k8s.io', 'csinodes'),
    allow(readVerbs, 'node.k8s.io', 'runtimeclasses'),
  ];
}

function nodeRoles(): RoleSpec[] {
  return [
    { name: 'system:node', rules: nodeRules() },
    {
      name: 'system:node-problem-detector',
      rules: [allow('get', 'core', 'nodes'), allow('patch', 'core', 'nodes/status'), eventsRule()],
    },
    {
      name: 'system:kubelet-api-admin',
      rules: [
        allow(readVerbs, 'core', 'nodes'),
        allow('proxy', 'core', 'nodes'),
        allow('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats nodes/configz nodes/healthz nodes/pods'),
      ],
    },
    {
      name: 'system:node-bootstrapper',
      rules: [allow('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests')],
    },
    {
      name: 'system:node-proxier',
      rules: [
        allow('list watch', 'core', 'endpoints services'),
        allow(readVerbs, 'core', 'nodes'),
        eventsRule(),
        allow('list watch', 'discovery.k8s.io', 'endpointslices'),
        allow('list watch', 'networking.k8s.io', 'servicecidrs'),
      ],
    },
  ];
}

function delegationRoles(): RoleSpec[] {
  return [
    {
      name: 'system:auth-delegator',
      rules: [
        allow('create', 'authentication.k8s.io', 'tokenreviews'),
        allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
      ],
    },
    { name: 'system:kube-aggregator', rules: [allow(readVerbs, 'core', 'endpoints services')] },
    { name: 'system:kube-dns', rules: [allow('list watch', 'core', 'endpoints services')] },
    { name: 'system:coredns', rules: dnsRules() },
  ];
}

function controllerManagerRole(): RoleSpec {
  return {
    name: 'system:kube-controller-manager',
    rules: [
      eventsRule(),
      allow('create', 'coordination.k8s.io', 'leases'),
      allow('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
      allow('create', 'core', 'secrets serviceaccounts'),
      allow('delete', 'core', 'secrets'),
      allow('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
      allow('update', 'core', 'secrets serviceaccounts'),
      allow('create', 'authentication.k8s.io', 'tokenreviews'),
      allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
      allow('list watch', '*', '*'),
      allow('create', 'core', 'serviceaccounts/token'),
    ],
  };
}

function schedulerRoles(): RoleSpec[] {
  return [
    {
      name: 'system:kube-scheduler',
      rules: [
        eventsRule(),
        allow('create', 'coordination.k8s.io', 'leases'),
        allow('get update', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
        allow(readVerbs, 'core', 'nodes'),
        allow('delete get list watch', 'core', 'pods'),
        allow('create', 'core', 'bindings pods/binding'),
        allow('patch update', 'core', 'pods/status'),
        allow(readVerbs, 'core', 'replicationcontrollers services'),
        allow(readVerbs, 'apps extensions', 'replicasets'),
        allow(readVerbs, 'apps', 'statefulsets'),
        allow(readVerbs, 'policy', 'poddisruptionbudgets'),
        allow(readVerbs, 'core', 'persistentvolumeclaims persistentvolumes'),
        allow('create', 'authentication.k8s.io', 'tokenreviews'),
        allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
        allow(readVerbs, 'storage.k8s.io', 'csinodes'),
        allow(readVerbs, 'core', 'namespaces'),
        allow(readVerbs, 'storage.k8s.io', 'csidrivers'),
        allow(readVerbs, 'storage.k8s.io', 'csistoragecapacities'),
        allow(readVerbs, 'storage.k8s.io', 'volumeattachments'),
      ],
    },
    {
      name: 'system:volume-scheduler',
      rules: [
        allow('get list patch update watch', 'core', 'persistentvolumes'),
        allow(readVerbs, 'storage.k8s.io', 'storageclasses'),
        allow('get list patch update watch', 'core', 'persistentvolumeclaims'),
      ],
    },
    {
      name: 'system:persistent-volume-provisioner',
      rules: [
        allow('create delete get list watch', 'core', 'persistentvolumes'),
        allow('get list update watch', 'core', 'persistentvolumeclaims'),
        allow(readVerbs, 'storage.k8s.io', 'storageclasses'),
        allow('watch', 'core', 'events'),
        eventsRule(),
      ],
    },
  ];
}

function certificateRoles(): RoleSpec[] {
  const approvers = {
    'legacy-unknown-approver': 'kubernetes.io/legacy-unknown',
    'kubelet-serving-approver': 'kubernetes.io/kubelet-serving',
    'kube-apiserver-client-approver': 'kubernetes.io/kube-apiserver-client',
    'kube-apiserver-client-kubelet-approver': 'kubernetes.io/kube-apiserver-client-kubelet',
  };
  return [
    ...['nodeclient', 'selfnodeclient'].map((kind) => ({
      name: `system:certificates.k8s.io:certificatesigningrequests:${kind}`,
      rules: [allow('create', 'certificates.k8s.io', `certificatesigningrequests/${kind}`)],
    })),
    ...Object.entries(approvers).map(([name, signer]) => ({
      name: `system:certificates.k8s.io:${name}`,
      rules: [allow('approve', 'certificates.k8s.io', 'signers', signer)],
    })),
  ];
}

export function clusterRoles(): RoleSpec[] {
  return [
    ...generalRoles(),
    ...nodeRoles(),
    ...delegationRoles(),
    controllerManagerRole(),
    ...schedulerRoles(),
    ...certificateRoles(),
  ];
}
