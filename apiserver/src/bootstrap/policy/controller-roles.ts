/** ClusterRoles `system:controller:NAME`, one for each controller, bound to the controller's service account in kube-system. */

import type { PolicyRule } from '@kubelab/api/types';
import { allow, eventsRule, readVerbs } from './rules.js';

const prefix = 'system:controller:';

const workloadControllers: Readonly<Record<string, PolicyRule[]>> = {
  'cronjob-controller': [
    allow('get list update watch', 'batch', 'cronjobs'),
    allow('create delete get list patch update watch', 'batch', 'jobs'),
    allow('update', 'batch', 'cronjobs/status'),
    allow('update', 'batch', 'cronjobs/finalizers'),
    allow('delete list watch', 'core', 'pods'),
    eventsRule(),
  ],
  'daemon-set-controller': [
    allow(readVerbs, 'apps extensions', 'daemonsets'),
    allow('update', 'apps extensions', 'daemonsets/status'),
    allow('update', 'apps extensions', 'daemonsets/finalizers'),
    allow('list watch', 'core', 'nodes'),
    allow('create delete list patch watch', 'core', 'pods'),
    allow('create', 'core', 'pods/binding'),
    allow('create delete get list patch update watch', 'apps', 'controllerrevisions'),
    eventsRule(),
  ],
  'deployment-controller': [
    allow('get list update watch', 'apps extensions', 'deployments'),
    allow('update', 'apps extensions', 'deployments/status'),
    allow('update', 'apps extensions', 'deployments/finalizers'),
    allow('create delete get list patch update watch', 'apps extensions', 'replicasets'),
    allow('get list update watch', 'core', 'pods'),
    eventsRule(),
  ],
  'disruption-controller': [
    allow(readVerbs, 'apps extensions', 'deployments'),
    allow(readVerbs, 'apps extensions', 'replicasets'),
    allow(readVerbs, 'core', 'replicationcontrollers'),
    allow(readVerbs, 'policy', 'poddisruptionbudgets'),
    allow(readVerbs, 'apps', 'statefulsets'),
    allow('update', 'policy', 'poddisruptionbudgets/status'),
    allow('patch update', 'core', 'pods/status'),
    allow('get', '*', '*/scale'),
    eventsRule(),
  ],
  'horizontal-pod-autoscaler': [
    allow(readVerbs, 'autoscaling', 'horizontalpodautoscalers'),
    allow('update', 'autoscaling', 'horizontalpodautoscalers/status'),
    allow('get update', '*', '*/scale'),
    allow('list watch', 'core', 'pods'),
    allow('list watch', 'metrics.k8s.io', 'pods'),
    allow(readVerbs, 'custom.metrics.k8s.io', '*'),
    allow(readVerbs, 'external.metrics.k8s.io', '*'),
    eventsRule(),
  ],
  'job-controller': [
    allow('get list patch update watch', 'batch', 'jobs'),
    allow('update', 'batch', 'jobs/status'),
    allow('update', 'batch', 'jobs/finalizers'),
    allow('create delete list patch watch', 'core', 'pods'),
    eventsRule(),
  ],
  'replicaset-controller': [
    allow('get list update watch', 'apps extensions', 'replicasets'),
    allow('update', 'apps extensions', 'replicasets/status'),
    allow('update', 'apps extensions', 'replicasets/finalizers'),
    allow('create delete list patch watch', 'core', 'pods'),
    eventsRule(),
  ],
  'replication-controller': [
    allow('get list update watch', 'core', 'replicationcontrollers'),
    allow('update', 'core', 'replicationcontrollers/status'),
    allow('update', 'core', 'replicationcontrollers/finalizers'),
    allow('create delete list patch watch', 'core', 'pods'),
    eventsRule(),
  ],
  'statefulset-controller': [
    allow('list watch', 'core', 'pods'),
    allow(readVerbs, 'apps', 'statefulsets'),
    allow('update', 'apps', 'statefulsets/status'),
    allow('update', 'apps', 'statefulsets/finalizers'),
    allow('create delete get patch update', 'core', 'pods'),
    allow('create delete get list patch update watch', 'apps', 'controllerrevisions'),
    allow('create get list watch', 'core', 'persistentvolumeclaims'),
    allow('delete update', 'core', 'persistentvolumeclaims'),
    allow('update', 'core', 'pods/finalizers'),
    eventsRule(),
  ],
  'ttl-after-finished-controller': [allow('delete get list watch', 'batch', 'jobs'), eventsRule()],
};

const networkControllers: Readonly<Record<string, PolicyRule[]>> = {
  'endpoint-controller': [
    allow(readVerbs, 'core', 'pods services'),
    allow('create delete get list update watch', 'core', 'endpoints'),
    allow('create', 'core', 'endpoints/restricted'),
    eventsRule(),
  ],
  'endpointslice-controller': [
    allow(readVerbs, 'core', 'nodes pods services'),
    allow('update', 'core', 'services/finalizers'),
    allow('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'),
    eventsRule(),
  ],
  'endpointslicemirroring-controller': [
    allow(readVerbs, 'core', 'endpoints services'),
    allow('update', 'core', 'services/finalizers'),
    allow('update', 'core', 'endpoints/finalizers'),
    allow('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'),
    eventsRule(),
  ],
  'route-controller': [allow('list watch', 'core', 'nodes'), allow('patch', 'core', 'nodes/status'), eventsRule()],
  'service-controller': [
    allow(readVerbs, 'core', 'services'),
    allow('patch update', 'core', 'services/status'),
    allow('list watch', 'core', 'nodes'),
    eventsRule(),
  ],
  'service-cidrs-controller': [
    allow('get list patch update watch', 'networking.k8s.io', 'servicecidrs'),
    allow('patch update', 'networking.k8s.io', 'servicecidrs/finalizers'),
    allow('patch update', 'networking.k8s.io', 'servicecidrs/status'),
    allow(readVerbs, 'networking.k8s.io', 'ipaddresses'),
    eventsRule(),
  ],
};

const volumeControllers: Readonly<Record<string, PolicyRule[]>> = {
  'attachdetach-controller': [
    allow('list watch', 'core', 'persistentvolumeclaims persistentvolumes'),
    allow(readVerbs, 'core', 'nodes'),
    allow('patch update', 'core', 'nodes/status'),
    allow('list watch', 'core', 'pods'),
    eventsRule(),
    allow('create delete get list watch', 'storage.k8s.io', 'volumeattachments'),
    allow(readVerbs, 'storage.k8s.io', 'csidrivers'),
    allow(readVerbs, 'storage.k8s.io', 'csinodes'),
  ],
  'ephemeral-volume-controller': [
    allow(readVerbs, 'core', 'pods'),
    allow('update', 'core', 'pods/finalizers'),
    allow('create get list watch', 'core', 'persistentvolumeclaims'),
    eventsRule(),
  ],
  'expand-controller': [
    allow('get list patch update watch', 'core', 'persistentvolumes'),
    allow('patch update', 'core', 'persistentvolumeclaims/status'),
    allow(readVerbs, 'core', 'persistentvolumeclaims'),
    eventsRule(),
    allow('get', 'core', 'services'),
  ],
  'persistent-volume-binder': [
    allow('create delete get list update watch', 'core', 'persistentvolumes'),
    allow('update', 'core', 'persistentvolumes/status'),
    allow('get list update watch', 'core', 'persistentvolumeclaims'),
    allow('update', 'core', 'persistentvolumeclaims/status'),
    allow('create delete get list watch', 'core', 'pods'),
    allow(readVerbs, 'storage.k8s.io', 'storageclasses'),
    // Beyond upstream's: the node of a deleted local volume is told so by an annotation.
    allow('list patch watch', 'core', 'nodes'),
    eventsRule(),
    allow('watch', 'core', 'events'),
    allow('get', 'core', 'services'),
  ],
  'pv-protection-controller': [allow('get list update watch', 'core', 'persistentvolumes'), eventsRule()],
  'pvc-protection-controller': [
    allow('get list update watch', 'core', 'persistentvolumeclaims'),
    allow(readVerbs, 'core', 'pods'),
    eventsRule(),
  ],
  'volumeattributesclass-protection-controller': [
    allow(readVerbs, 'core', 'persistentvolumeclaims'),
    allow(readVerbs, 'core', 'persistentvolumes'),
    allow('get list update watch', 'storage.k8s.io', 'volumeattributesclasses'),
    eventsRule(),
  ],
};

const clusterSigners =
  'kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown';

const clusterControllers: Readonly<Record<string, PolicyRule[]>> = {
  'certificate-controller': [
    allow('delete get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    allow('update', 'certificates.k8s.io', 'certificatesigningrequests/approval certificatesigningrequests/status'),
    allow('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'),
    // Upstream leaves serving certificates to somebody else's approver; here the same controller checks the node's addresses.
    allow('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kubelet-serving'),
    allow('sign', 'certificates.k8s.io', 'signers', clusterSigners),
    allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    eventsRule(),
  ],
  'clusterrole-aggregation-controller': [
    allow('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles'),
  ],
  'generic-garbage-collector': [allow('delete get list patch update watch', '*', '*'), eventsRule()],
  'legacy-service-account-token-cleaner': [
    allow('get', 'core', 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'),
    allow('delete patch', 'core', 'secrets'),
  ],
  'namespace-controller': [
    allow('delete get list watch', 'core', 'namespaces'),
    allow('update', 'core', 'namespaces/finalize namespaces/status'),
    allow('delete deletecollection get list watch', '*', '*'),
  ],
  'node-controller': [
    allow('delete get list patch update watch', 'core', 'nodes'),
    allow('patch update', 'core', 'nodes/status'),
    allow('patch update', 'core', 'pods/status'),
    allow('delete get list watch', 'core', 'pods'),
    eventsRule(),
  ],
  'pod-garbage-collector': [
    allow('delete list watch', 'core', 'pods'),
    allow(readVerbs, 'core', 'nodes'),
    allow('patch', 'core', 'pods/status'),
  ],
  'resourcequota-controller': [
    allow('list watch', '*', '*'),
    allow('update', 'core', 'resourcequotas/status'),
    eventsRule(),
  ],
  'root-ca-cert-publisher': [allow('create update', 'core', 'configmaps'), eventsRule()],
  'service-account-controller': [allow('create', 'core', 'serviceaccounts'), eventsRule()],
  'ttl-controller': [allow('list patch update watch', 'core', 'nodes'), eventsRule()],
  'validatingadmissionpolicy-status-controller': [
    allow(readVerbs, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'),
    allow('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'),
    eventsRule(),
  ],
};

/** Name of the controller's service account, and its rules. */
export const controllerRules: Readonly<Record<string, PolicyRule[]>> = {
  ...workloadControllers,
  ...networkControllers,
  ...volumeControllers,
  ...clusterControllers,
};

export function controllerRoleName(controller: string): string {
  return `${prefix}${controller}`;
}
