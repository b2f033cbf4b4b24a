/** Upstream's full definition names (`io.k8s.api.core.v1.Pod`) and our TypeScript names for the client's models. */
import { type Model, modelNames } from './client-models.js';

export interface ServedVersion {
  /** The client's API class. */
  readonly api: string;
  readonly group: string;
  readonly version: string;
  /** Upstream's Go package, as its OpenAPI names begin. */
  readonly package: string;
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Versions whose kinds get types and schemas, core first: a model that several groups use belongs to the first. */
export const servedVersions: readonly ServedVersion[] = [
  { api: 'CoreV1Api', group: '', version: 'v1', package: 'io.k8s.api.core.v1' },
  { api: 'AppsV1Api', group: 'apps', version: 'v1', package: 'io.k8s.api.apps.v1' },
  { api: 'BatchV1Api', group: 'batch', version: 'v1', package: 'io.k8s.api.batch.v1' },
  { api: 'AutoscalingV1Api', group: 'autoscaling', version: 'v1', package: 'io.k8s.api.autoscaling.v1' },
  { api: 'AutoscalingV2Api', group: 'autoscaling', version: 'v2', package: 'io.k8s.api.autoscaling.v2' },
  { api: 'NetworkingV1Api', group: 'networking.k8s.io', version: 'v1', package: 'io.k8s.api.networking.v1' },
  { api: 'PolicyV1Api', group: 'policy', version: 'v1', package: 'io.k8s.api.policy.v1' },
  { api: 'RbacAuthorizationV1Api', group: 'rbac.authorization.k8s.io', version: 'v1', package: 'io.k8s.api.rbac.v1' },
  { api: 'StorageV1Api', group: 'storage.k8s.io', version: 'v1', package: 'io.k8s.api.storage.v1' },
  { api: 'SchedulingV1Api', group: 'scheduling.k8s.io', version: 'v1', package: 'io.k8s.api.scheduling.v1' },
  { api: 'CoordinationV1Api', group: 'coordination.k8s.io', version: 'v1', package: 'io.k8s.api.coordination.v1' },
  { api: 'DiscoveryV1Api', group: 'discovery.k8s.io', version: 'v1', package: 'io.k8s.api.discovery.v1' },
  { api: 'EventsV1Api', group: 'events.k8s.io', version: 'v1', package: 'io.k8s.api.events.v1' },
  { api: 'CertificatesV1Api', group: 'certificates.k8s.io', version: 'v1', package: 'io.k8s.api.certificates.v1' },
  { api: 'NodeV1Api', group: 'node.k8s.io', version: 'v1', package: 'io.k8s.api.node.v1' },
  {
    api: 'AdmissionregistrationV1Api',
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    package: 'io.k8s.api.admissionregistration.v1',
  },
  {
    api: 'ApiextensionsV1Api',
    group: 'apiextensions.k8s.io',
    version: 'v1',
    package: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
  },
  {
    api: 'ApiregistrationV1Api',
    group: 'apiregistration.k8s.io',
    version: 'v1',
    package: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
  },
  {
    api: 'AuthenticationV1Api',
    group: 'authentication.k8s.io',
    version: 'v1',
    package: 'io.k8s.api.authentication.v1',
  },
  { api: 'AuthorizationV1Api', group: 'authorization.k8s.io', version: 'v1', package: 'io.k8s.api.authorization.v1' },
  {
    api: 'FlowcontrolApiserverV1Api',
    group: 'flowcontrol.apiserver.k8s.io',
    version: 'v1',
    package: 'io.k8s.api.flowcontrol.v1',
  },
];

/** Models that are reached first through another group than their own. */
const homes: Readonly<Record<string, string>> = {
  V1Scale: 'io.k8s.api.autoscaling.v1',
  V1ScaleSpec: 'io.k8s.api.autoscaling.v1',
  V1ScaleStatus: 'io.k8s.api.autoscaling.v1',
  V1Eviction: 'io.k8s.api.policy.v1',
  AuthenticationV1TokenRequest: 'io.k8s.api.authentication.v1',
  V1TokenRequestSpec: 'io.k8s.api.authentication.v1',
  V1TokenRequestStatus: 'io.k8s.api.authentication.v1',
  V1BoundObjectReference: 'io.k8s.api.authentication.v1',
  V1TopologySelectorTerm: 'io.k8s.api.core.v1',
  V1TopologySelectorLabelRequirement: 'io.k8s.api.core.v1',
  VersionInfo: 'io.k8s.apimachinery.pkg.version',
};

const metaModels = [
  'APIGroup',
  'APIGroupList',
  'APIResource',
  'APIResourceList',
  'APIVersions',
  'Condition',
  'DeleteOptions',
  'FieldSelectorRequirement',
  'GroupVersionForDiscovery',
  'LabelSelector',
  'LabelSelectorRequirement',
  'ListMeta',
  'ManagedFieldsEntry',
  'ObjectMeta',
  'OwnerReference',
  'Preconditions',
  'ServerAddressByClientCIDR',
  'Status',
  'StatusCause',
  'StatusDetails',
  'WatchEvent',
];

/** The name of a model without the client's group and version marks: `V1PodSpec` and `CoreV1Event` become `PodSpec`, `Event`. */
export function plainName(model: string): string {
  return model.replace(
    /^(?:Admissionregistration|Api[er]\w+?|Authentication|Core|Discovery|Events|Flowcontrol|Rbac|Storage)?V\d+/,
    '',
  );
}

/**
 * Full definition name of every model that the served versions reach. Models are reached from the request and response types of each
 * version's operations; meta/v1 is known by name.
 */
export function assignFullNames(
  models: ReadonlyMap<string, Model>,
  rootsOf: ReadonlyMap<string, readonly string[]>,
): Map<string, string> {
  const names = new Map<string, string>();
  for (const name of metaModels) names.set(`V1${name}`, `${meta}.${name}`);
  for (const [model, home] of Object.entries(homes)) names.set(model, `${home}.${plainName(model)}`);
  names.set('VersionInfo', 'io.k8s.apimachinery.pkg.version.Info');
  for (const served of servedVersions) {
    for (const root of rootsOf.get(served.api) ?? []) reach(root, served.package, models, names, new Set());
  }
  return names;
}

function reach(
  model: string,
  home: string,
  models: ReadonlyMap<string, Model>,
  names: Map<string, string>,
  seen: Set<string>,
): void {
  if (seen.has(model)) return;
  seen.add(model);
  if (!names.has(model)) names.set(model, `${home}.${plainName(model)}`);
  for (const field of models.get(model)?.fields ?? []) {
    for (const next of modelNames(field.type, models)) reach(next, home, models, names, seen);
  }
}

const typeNames: Readonly<Record<string, string>> = {
  CoreV1Event: 'Event',
  CoreV1EventList: 'EventList',
  CoreV1EventSeries: 'EventSeries',
  CoreV1EndpointPort: 'EndpointPort',
  CoreV1ResourceClaim: 'ResourceClaim',
  RbacV1Subject: 'Subject',
  AuthenticationV1TokenRequest: 'TokenRequest',
};

/** Our TypeScript name of a model: without `V1`, with `V2` behind it where both versions exist. */
export function typeName(model: string, models: ReadonlyMap<string, Model>): string {
  const special = typeNames[model];
  if (special) return special;
  const second = model.match(/^V2(\w+)$/)?.[1];
  if (second) return models.has(`V1${second}`) ? `${second}V2` : second;
  return model.replace(/^V1/, '');
}
