/** Rules behind the roles admin, edit and view, which people get in a namespace. */

import type { PolicyRule } from '@kubelab/api/types';
import { allow, rbacGroup, readVerbs, writeVerbs } from './rules.js';

const podStreams = 'pods/attach pods/exec pods/portforward pods/proxy';
const workloads =
  'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale';
const oldWorkloads =
  'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale';

export function aggregateToAdmin(): PolicyRule[] {
  return [
    allow('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
    allow(`${readVerbs} ${writeVerbs}`, rbacGroup, 'rolebindings roles'),
  ];
}

export function aggregateToEdit(): PolicyRule[] {
  return [
    allow(readVerbs, 'core', `${podStreams} secrets services/proxy`),
    allow('impersonate', 'core', 'serviceaccounts'),
    allow(writeVerbs, 'core', `pods ${podStreams}`),
    allow('create', 'core', 'pods/eviction'),
    allow(
      writeVerbs,
      'core',
      'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    ),
    allow('create', 'core', 'serviceaccounts/token'),
    allow(writeVerbs, 'apps', workloads),
    allow(writeVerbs, 'autoscaling', 'horizontalpodautoscalers'),
    allow(writeVerbs, 'batch', 'cronjobs jobs'),
    allow(writeVerbs, 'extensions', oldWorkloads),
    allow(writeVerbs, 'policy', 'poddisruptionbudgets'),
    allow(writeVerbs, 'networking.k8s.io', 'ingresses networkpolicies'),
    allow(`${readVerbs} ${writeVerbs}`, 'coordination.k8s.io', 'leases'),
  ];
}

export function aggregateToView(): PolicyRule[] {
  return [
    allow(
      readVerbs,
      'core',
      'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    ),
    allow(
      readVerbs,
      'core',
      'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    ),
    allow(readVerbs, 'core', 'namespaces'),
    allow(readVerbs, 'discovery.k8s.io', 'endpointslices'),
    allow(
      readVerbs,
      'apps',
      'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    ),
    allow(readVerbs, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
    allow(readVerbs, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
    allow(
      readVerbs,
      'extensions',
      'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
    ),
    allow(readVerbs, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
    allow(readVerbs, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  ];
}
