/**
 * List and map semantics of fields, as upstream's `x-kubernetes-*` extensions say them: what strategic merge patch and server-side apply
 * need to merge two versions of an object.
 */

export interface ListRule {
  /** `x-kubernetes-list-type`; lists that have no rule are atomic. */
  readonly list: 'map' | 'set' | 'atomic';
  /** `x-kubernetes-list-map-keys`. */
  readonly keys?: readonly string[];
  /** `x-kubernetes-patch-strategy`. */
  readonly patch?: 'merge' | 'retainKeys' | 'merge,retainKeys' | 'replace';
  /** `x-kubernetes-patch-merge-key`: strategic merge knows one key only. */
  readonly patchKey?: string;
}

const mapBy = (key: string): ListRule => ({ list: 'map', keys: [key], patch: 'merge', patchKey: key });
/** Server-side apply merges, strategic merge replaces. */
const applyMapBy = (key: string): ListRule => ({ list: 'map', keys: [key] });
const set: ListRule = { list: 'set' };
const mergedSet: ListRule = { list: 'set', patch: 'merge' };
const retainedMapBy = (key: string): ListRule => ({ ...mapBy(key), patch: 'merge,retainKeys' });
const atomicPatchedBy = (key: string): ListRule => ({ list: 'atomic', patch: 'merge', patchKey: key });
const portsMap: ListRule = {
  list: 'map',
  keys: ['containerPort', 'protocol'],
  patch: 'merge',
  patchKey: 'containerPort',
};

function under(prefix: string, rules: Record<string, ListRule>): [string, ListRule][] {
  return Object.entries(rules).map(([field, rule]) => [`${prefix}.${field}`, rule]);
}

export const listRules: ReadonlyMap<string, ListRule> = new Map([
  ...under('io.k8s.api.core.v1', {
    'ComponentStatus.conditions': mapBy('type'),
    'Container.env': mapBy('name'),
    'Container.ports': portsMap,
    'Container.volumeDevices': mapBy('devicePath'),
    'Container.volumeMounts': mapBy('mountPath'),
    'ContainerStatus.allocatedResourcesStatus': mapBy('name'),
    'ContainerStatus.volumeMounts': mapBy('mountPath'),
    'EphemeralContainer.env': mapBy('name'),
    'EphemeralContainer.ports': portsMap,
    'EphemeralContainer.volumeDevices': mapBy('devicePath'),
    'EphemeralContainer.volumeMounts': mapBy('mountPath'),
    'NamespaceStatus.conditions': mapBy('type'),
    'NodeSpec.podCIDRs': mergedSet,
    'NodeStatus.addresses': mapBy('type'),
    'NodeStatus.conditions': mapBy('type'),
    'PersistentVolumeClaimStatus.conditions': mapBy('type'),
    'PodSpec.containers': mapBy('name'),
    'PodSpec.ephemeralContainers': mapBy('name'),
    'PodSpec.hostAliases': mapBy('ip'),
    'PodSpec.imagePullSecrets': mapBy('name'),
    'PodSpec.initContainers': mapBy('name'),
    'PodSpec.resourceClaims': retainedMapBy('name'),
    'PodSpec.schedulingGates': mapBy('name'),
    'PodSpec.topologySpreadConstraints': {
      list: 'map',
      keys: ['topologyKey', 'whenUnsatisfiable'],
      patch: 'merge',
      patchKey: 'topologyKey',
    },
    'PodSpec.volumes': retainedMapBy('name'),
    'PodStatus.conditions': mapBy('type'),
    'PodStatus.hostIPs': atomicPatchedBy('ip'),
    'PodStatus.podIPs': mapBy('ip'),
    'PodStatus.resourceClaimStatuses': retainedMapBy('name'),
    'ReplicationControllerStatus.conditions': mapBy('type'),
    'ResourceRequirements.claims': applyMapBy('name'),
    'ResourceStatus.resources': applyMapBy('resourceID'),
    'ServiceAccount.secrets': mapBy('name'),
    'ServiceSpec.ports': { list: 'map', keys: ['port', 'protocol'], patch: 'merge', patchKey: 'port' },
    'ServiceStatus.conditions': mapBy('type'),
  }),
  ...under('io.k8s.api.apps.v1', {
    'DaemonSetStatus.conditions': mapBy('type'),
    'DeploymentStatus.conditions': mapBy('type'),
    'ReplicaSetStatus.conditions': mapBy('type'),
    'StatefulSetStatus.conditions': mapBy('type'),
  }),
  ...under('io.k8s.api.batch.v1', {
    'JobStatus.conditions': atomicPatchedBy('type'),
    'PodFailurePolicyOnExitCodesRequirement.values': set,
    'UncountedTerminatedPods.failed': set,
    'UncountedTerminatedPods.succeeded': set,
  }),
  ...under('io.k8s.api.autoscaling.v2', {
    'HorizontalPodAutoscalerStatus.conditions': mapBy('type'),
  }),
  ...under('io.k8s.api.admissionregistration.v1', {
    'MutatingWebhook.matchConditions': mapBy('name'),
    'MutatingWebhookConfiguration.webhooks': mapBy('name'),
    'ValidatingAdmissionPolicySpec.matchConditions': mapBy('name'),
    'ValidatingAdmissionPolicySpec.variables': mapBy('name'),
    'ValidatingAdmissionPolicyStatus.conditions': applyMapBy('type'),
    'ValidatingWebhook.matchConditions': mapBy('name'),
    'ValidatingWebhookConfiguration.webhooks': mapBy('name'),
  }),
  ...under('io.k8s.api.certificates.v1', {
    'CertificateSigningRequestStatus.conditions': applyMapBy('type'),
  }),
  ...under('io.k8s.api.discovery.v1', {
    'Endpoint.addresses': set,
  }),
  ...under('io.k8s.api.flowcontrol.v1', {
    'FlowSchemaStatus.conditions': mapBy('type'),
    'NonResourcePolicyRule.nonResourceURLs': set,
    'NonResourcePolicyRule.verbs': set,
    'PriorityLevelConfigurationStatus.conditions': mapBy('type'),
    'ResourcePolicyRule.apiGroups': set,
    'ResourcePolicyRule.namespaces': set,
    'ResourcePolicyRule.resources': set,
    'ResourcePolicyRule.verbs': set,
  }),
  ...under('io.k8s.api.networking.v1', {
    'ServiceCIDRStatus.conditions': mapBy('type'),
  }),
  ...under('io.k8s.api.policy.v1', {
    'PodDisruptionBudgetStatus.conditions': mapBy('type'),
  }),
  ...under('io.k8s.api.storage.v1', {
    'CSIDriverSpec.volumeLifecycleModes': set,
    'CSINodeSpec.drivers': mapBy('name'),
  }),
  ...under('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1', {
    'CustomResourceDefinitionStatus.conditions': applyMapBy('type'),
    'JSONSchemaProps.x-kubernetes-validations': mapBy('rule'),
  }),
  ...under('io.k8s.apimachinery.pkg.apis.meta.v1', {
    'ObjectMeta.finalizers': mergedSet,
    'ObjectMeta.ownerReferences': mapBy('uid'),
  }),
  ...under('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1', {
    'APIServiceStatus.conditions': mapBy('type'),
  }),
]);

/** Fields that are objects and have a patch strategy of their own. */
export const objectPatchStrategies: ReadonlyMap<string, string> = new Map([
  ['io.k8s.api.apps.v1.DeploymentSpec.strategy', 'retainKeys'],
]);

/** Definitions whose objects one manager owns as a whole. */
export const atomicDefinitions: ReadonlySet<string> = new Set([
  ...[
    'ConfigMapKeySelector',
    'ConfigMapNodeConfigSource',
    'EndpointAddress',
    'EndpointPort',
    'FileKeySelector',
    'LocalObjectReference',
    'NodeSelector',
    'NodeSelectorTerm',
    'ObjectFieldSelector',
    'ObjectReference',
    'ResourceFieldSelector',
    'ScopeSelector',
    'ScopedResourceSelectorRequirement',
    'SecretKeySelector',
    'SecretReference',
    'TopologySelectorTerm',
    'TypedLocalObjectReference',
  ].map((name) => `io.k8s.api.core.v1.${name}`),
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
  'io.k8s.api.discovery.v1.EndpointPort',
  'io.k8s.api.rbac.v1.RoleRef',
  'io.k8s.api.rbac.v1.Subject',
  'io.k8s.api.flowcontrol.v1.GroupSubject',
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations',
  'io.k8s.api.admissionregistration.v1.ParamKind',
  'io.k8s.api.admissionregistration.v1.ParamRef',
  'io.k8s.api.admissionregistration.v1.MatchResources',
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
]);

/** Map fields that one manager owns as a whole. */
export const atomicMaps: ReadonlySet<string> = new Set([
  'io.k8s.api.core.v1.PodSpec.nodeSelector',
  'io.k8s.api.core.v1.ReplicationControllerSpec.selector',
  'io.k8s.api.core.v1.ServiceSpec.selector',
  'io.k8s.api.node.v1.Scheduling.nodeSelector',
]);

/** Map fields that upstream marks as merging although that is the rule anyway. */
export const granularMaps: ReadonlySet<string> = new Set([
  'io.k8s.api.core.v1.PersistentVolumeClaimStatus.allocatedResourceStatuses',
]);
