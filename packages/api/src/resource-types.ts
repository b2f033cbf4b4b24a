/** Every built-in kind as a client addresses it. Constants are the plural in camel case. */
import type { ResourceType } from './resource.js';
import type {
  APIService,
  Binding,
  CertificateSigningRequest,
  ClusterRole,
  ClusterRoleBinding,
  ComponentStatus,
  ConfigMap,
  ControllerRevision,
  CronJob,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  EventsV1Event,
  FlowSchema,
  HorizontalPodAutoscalerV2,
  Ingress,
  IngressClass,
  IPAddress,
  Job,
  Lease,
  LimitRange,
  LocalSubjectAccessReview,
  MutatingWebhookConfiguration,
  Namespace,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodTemplate,
  PriorityClass,
  PriorityLevelConfiguration,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  Role,
  RoleBinding,
  RuntimeClass,
  Secret,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  Service,
  ServiceAccount,
  ServiceCIDR,
  StatefulSet,
  StorageClass,
  SubjectAccessReview,
  TokenReview,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
  VolumeAttachment,
  VolumeAttributesClass,
} from './types.js';

interface Options {
  readonly clusterScoped: boolean;
}

const clusterScoped: Options = { clusterScoped: true };

function define(group: string, version: string) {
  return (plural: string, kind: string, options: Options = { clusterScoped: false }) => ({
    group,
    version,
    plural,
    kind,
    namespaced: !options.clusterScoped,
  });
}

const core = define('', 'v1');
export const pods: ResourceType<Pod> = core('pods', 'Pod');
export const services: ResourceType<Service> = core('services', 'Service');
export const endpoints: ResourceType<Endpoints> = core('endpoints', 'Endpoints');
export const nodes: ResourceType<Node> = core('nodes', 'Node', clusterScoped);
export const namespaces: ResourceType<Namespace> = core('namespaces', 'Namespace', clusterScoped);
export const configMaps: ResourceType<ConfigMap> = core('configmaps', 'ConfigMap');
export const secrets: ResourceType<Secret> = core('secrets', 'Secret');
export const serviceAccounts: ResourceType<ServiceAccount> = core('serviceaccounts', 'ServiceAccount');
export const events: ResourceType<Event> = core('events', 'Event');
export const limitRanges: ResourceType<LimitRange> = core('limitranges', 'LimitRange');
export const resourceQuotas: ResourceType<ResourceQuota> = core('resourcequotas', 'ResourceQuota');
export const replicationControllers: ResourceType<ReplicationController> = core(
  'replicationcontrollers',
  'ReplicationController',
);
export const bindings: ResourceType<Binding> = core('bindings', 'Binding');
export const podTemplates: ResourceType<PodTemplate> = core('podtemplates', 'PodTemplate');
export const persistentVolumes: ResourceType<PersistentVolume> = core(
  'persistentvolumes',
  'PersistentVolume',
  clusterScoped,
);
export const persistentVolumeClaims: ResourceType<PersistentVolumeClaim> = core(
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
);
export const componentStatuses: ResourceType<ComponentStatus> = core(
  'componentstatuses',
  'ComponentStatus',
  clusterScoped,
);

const apps = define('apps', 'v1');
export const deployments: ResourceType<Deployment> = apps('deployments', 'Deployment');
export const replicaSets: ResourceType<ReplicaSet> = apps('replicasets', 'ReplicaSet');
export const daemonSets: ResourceType<DaemonSet> = apps('daemonsets', 'DaemonSet');
export const statefulSets: ResourceType<StatefulSet> = apps('statefulsets', 'StatefulSet');
export const controllerRevisions: ResourceType<ControllerRevision> = apps('controllerrevisions', 'ControllerRevision');

const batch = define('batch', 'v1');
export const jobs: ResourceType<Job> = batch('jobs', 'Job');
export const cronJobs: ResourceType<CronJob> = batch('cronjobs', 'CronJob');

const autoscaling = define('autoscaling', 'v2');
export const horizontalPodAutoscalers: ResourceType<HorizontalPodAutoscalerV2> = autoscaling(
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
);

const networking = define('networking.k8s.io', 'v1');
export const ingresses: ResourceType<Ingress> = networking('ingresses', 'Ingress');
export const ingressClasses: ResourceType<IngressClass> = networking('ingressclasses', 'IngressClass', clusterScoped);
export const networkPolicies: ResourceType<NetworkPolicy> = networking('networkpolicies', 'NetworkPolicy');
export const ipAddresses: ResourceType<IPAddress> = networking('ipaddresses', 'IPAddress', clusterScoped);
export const serviceCIDRs: ResourceType<ServiceCIDR> = networking('servicecidrs', 'ServiceCIDR', clusterScoped);

const policy = define('policy', 'v1');
export const podDisruptionBudgets: ResourceType<PodDisruptionBudget> = policy(
  'poddisruptionbudgets',
  'PodDisruptionBudget',
);

const rbac = define('rbac.authorization.k8s.io', 'v1');
export const roles: ResourceType<Role> = rbac('roles', 'Role');
export const roleBindings: ResourceType<RoleBinding> = rbac('rolebindings', 'RoleBinding');
export const clusterRoles: ResourceType<ClusterRole> = rbac('clusterroles', 'ClusterRole', clusterScoped);
export const clusterRoleBindings: ResourceType<ClusterRoleBinding> = rbac(
  'clusterrolebindings',
  'ClusterRoleBinding',
  clusterScoped,
);

const storage = define('storage.k8s.io', 'v1');
export const storageClasses: ResourceType<StorageClass> = storage('storageclasses', 'StorageClass', clusterScoped);
export const volumeAttachments: ResourceType<VolumeAttachment> = storage(
  'volumeattachments',
  'VolumeAttachment',
  clusterScoped,
);
export const csiNodes: ResourceType<CSINode> = storage('csinodes', 'CSINode', clusterScoped);
export const csiDrivers: ResourceType<CSIDriver> = storage('csidrivers', 'CSIDriver', clusterScoped);
export const csiStorageCapacities: ResourceType<CSIStorageCapacity> = storage(
  'csistoragecapacities',
  'CSIStorageCapacity',
);
export const volumeAttributesClasses: ResourceType<VolumeAttributesClass> = storage(
  'volumeattributesclasses',
  'VolumeAttributesClass',
  clusterScoped,
);

const scheduling = define('scheduling.k8s.io', 'v1');
export const priorityClasses: ResourceType<PriorityClass> = scheduling(
  'priorityclasses',
  'PriorityClass',
  clusterScoped,
);

const coordination = define('coordination.k8s.io', 'v1');
export const leases: ResourceType<Lease> = coordination('leases', 'Lease');

const discovery = define('discovery.k8s.io', 'v1');
export const endpointSlices: ResourceType<EndpointSlice> = discovery('endpointslices', 'EndpointSlice');

const eventsGroup = define('events.k8s.io', 'v1');
export const eventsV1: ResourceType<EventsV1Event> = eventsGroup('events', 'Event');

const certificates = define('certificates.k8s.io', 'v1');
export const certificateSigningRequests: ResourceType<CertificateSigningRequest> = certificates(
  'certificatesigningrequests',
  'CertificateSigningRequest',
  clusterScoped,
);

const node = define('node.k8s.io', 'v1');
export const runtimeClasses: ResourceType<RuntimeClass> = node('runtimeclasses', 'RuntimeClass', clusterScoped);

const admissionRegistration = define('admissionregistration.k8s.io', 'v1');
export const mutatingWebhookConfigurations: ResourceType<MutatingWebhookConfiguration> = admissionRegistration(
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
  clusterScoped,
);
export const validatingWebhookConfigurations: ResourceType<ValidatingWebhookConfiguration> = admissionRegistration(
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  clusterScoped,
);
export const validatingAdmissionPolicies: ResourceType<ValidatingAdmissionPolicy> = admissionRegistration(
  'validatingadmissionpolicies',
  'ValidatingAdmissionPolicy',
  clusterScoped,
);
export const validatingAdmissionPolicyBindings: ResourceType<ValidatingAdmissionPolicyBinding> = admissionRegistration(
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
  clusterScoped,
);

const apiextensions = define('apiextensions.k8s.io', 'v1');
export const customResourceDefinitions: ResourceType<CustomResourceDefinition> = apiextensions(
  'customresourcedefinitions',
  'CustomResourceDefinition',
  clusterScoped,
);

const apiregistration = define('apiregistration.k8s.io', 'v1');
export const apiServices: ResourceType<APIService> = apiregistration('apiservices', 'APIService', clusterScoped);

const flowcontrol = define('flowcontrol.apiserver.k8s.io', 'v1');
export const flowSchemas: ResourceType<FlowSchema> = flowcontrol('flowschemas', 'FlowSchema', clusterScoped);
export const priorityLevelConfigurations: ResourceType<PriorityLevelConfiguration> = flowcontrol(
  'prioritylevelconfigurations',
  'PriorityLevelConfiguration',
  clusterScoped,
);

const authentication = define('authentication.k8s.io', 'v1');
export const tokenReviews: ResourceType<TokenReview> = authentication('tokenreviews', 'TokenReview', clusterScoped);
export const selfSubjectReviews: ResourceType<SelfSubjectReview> = authentication(
  'selfsubjectreviews',
  'SelfSubjectReview',
  clusterScoped,
);

const authorization = define('authorization.k8s.io', 'v1');
export const subjectAccessReviews: ResourceType<SubjectAccessReview> = authorization(
  'subjectaccessreviews',
  'SubjectAccessReview',
  clusterScoped,
);
export const selfSubjectAccessReviews: ResourceType<SelfSubjectAccessReview> = authorization(
  'selfsubjectaccessreviews',
  'SelfSubjectAccessReview',
  clusterScoped,
);
export const selfSubjectRulesReviews: ResourceType<SelfSubjectRulesReview> = authorization(
  'selfsubjectrulesreviews',
  'SelfSubjectRulesReview',
  clusterScoped,
);
export const localSubjectAccessReviews: ResourceType<LocalSubjectAccessReview> = authorization(
  'localsubjectaccessreviews',
  'LocalSubjectAccessReview',
);
