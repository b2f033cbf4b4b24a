/** Where kinds differ in what the generic verbs do: facts of upstream's strategies that a ResourceDefinition does not hold. */

import { formatGroupResource, type GroupResource } from '@kubelab/apimachinery/meta';

const conditionalUpdateOnly = new Set([
  'leases.coordination.k8s.io',
  'poddisruptionbudgets.policy',
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'runtimeclasses.node.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'endpointslices.discovery.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
]);

const createdByUpdate = new Set([
  'leases.coordination.k8s.io',
  'endpoints',
  'events',
  'events.events.k8s.io',
  'limitranges',
  'services',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
]);

const answeringDeletesWithTheObject = new Set([
  'pods',
  'services',
  'serviceaccounts',
  'persistentvolumes',
  'persistentvolumeclaims',
  'podtemplates',
  'resourcequotas',
  'storageclasses.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
]);

const orphaningByDefault = new Set(['jobs.batch', 'replicationcontrollers']);
/** Kinds that are never owners, so that deleting them needs no decision about dependents. */
const withoutDependents = new Set(['events', 'events.events.k8s.io']);
/** Kinds whose creator reports their status in the same call: kubelets register nodes with it. */
const createdWithStatus = new Set(['nodes']);

/** Whether a PUT without resourceVersion overwrites whatever is there. */
export const allowsUnconditionalUpdate = (resource: GroupResource): boolean =>
  !conditionalUpdateOnly.has(formatGroupResource(resource));

/** Whether a PUT to a name that does not exist creates it. */
export const allowsCreateOnUpdate = (resource: GroupResource): boolean =>
  createdByUpdate.has(formatGroupResource(resource));

/** Whether DELETE answers with the deleted object, not with a Status. */
export const returnsDeletedObject = (resource: GroupResource): boolean =>
  answeringDeletesWithTheObject.has(formatGroupResource(resource));

export const keepsStatusOnCreate = (resource: GroupResource): boolean =>
  createdWithStatus.has(formatGroupResource(resource));

/** What happens to dependents when the caller does not say. `none`: the garbage collector has no part in it. */
export function defaultPropagation(resource: GroupResource): 'orphan' | 'background' | 'none' {
  const name = formatGroupResource(resource);
  if (withoutDependents.has(name)) return 'none';
  return orphaningByDefault.has(name) ? 'orphan' : 'background';
}
