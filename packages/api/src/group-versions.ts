/** The group versions of built-in kinds, with the prefix that upstream gives their OpenAPI definitions. */

export interface GroupVersion {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** `io.k8s.api.core.v1`: a kind's definition is `${definitions}.${kind}`. */
  readonly definitions: string;
}

const groupVersion = (group: string, version: string, definitions: string): GroupVersion => ({
  group,
  version,
  definitions: `io.k8s.api.${definitions}.${version}`,
});

export const coreV1 = groupVersion('', 'v1', 'core');
export const appsV1 = groupVersion('apps', 'v1', 'apps');
export const authenticationV1 = groupVersion('authentication.k8s.io', 'v1', 'authentication');
export const authorizationV1 = groupVersion('authorization.k8s.io', 'v1', 'authorization');
export const autoscalingV1 = groupVersion('autoscaling', 'v1', 'autoscaling');
export const autoscalingV2 = groupVersion('autoscaling', 'v2', 'autoscaling');
export const batchV1 = groupVersion('batch', 'v1', 'batch');
export const certificatesV1 = groupVersion('certificates.k8s.io', 'v1', 'certificates');
export const coordinationV1 = groupVersion('coordination.k8s.io', 'v1', 'coordination');
export const discoveryV1 = groupVersion('discovery.k8s.io', 'v1', 'discovery');
export const eventsV1 = groupVersion('events.k8s.io', 'v1', 'events');
export const networkingV1 = groupVersion('networking.k8s.io', 'v1', 'networking');
export const nodeV1 = groupVersion('node.k8s.io', 'v1', 'node');
export const policyV1 = groupVersion('policy', 'v1', 'policy');
export const rbacV1 = groupVersion('rbac.authorization.k8s.io', 'v1', 'rbac');
export const schedulingV1 = groupVersion('scheduling.k8s.io', 'v1', 'scheduling');
export const storageV1 = groupVersion('storage.k8s.io', 'v1', 'storage');
export const admissionRegistrationV1 = groupVersion('admissionregistration.k8s.io', 'v1', 'admissionregistration');
export const flowControlV1 = groupVersion('flowcontrol.apiserver.k8s.io', 'v1', 'flowcontrol');
export const apiExtensionsV1: GroupVersion = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  definitions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
};
export const apiRegistrationV1: GroupVersion = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  definitions: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
};
