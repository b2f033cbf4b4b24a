/** What the client's models cannot say about a field: quantities, raw JSON, bytes in maps, schema defaults. Keyed by definition and field. */

const core = 'io.k8s.api.core.v1';
const v2 = 'io.k8s.api.autoscaling.v2';
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

export const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

/** Fields that are quantities, or maps of them; the client has plain strings there. */
export const quantityFields: ReadonlySet<string> = new Set([
  ...['limits', 'requests'].map((field) => `${core}.ResourceRequirements.${field}`),
  ...['limits', 'requests'].map((field) => `${core}.VolumeResourceRequirements.${field}`),
  `${core}.ContainerStatus.allocatedResources`,
  ...['allocatable', 'capacity'].map((field) => `${core}.NodeStatus.${field}`),
  `${core}.PersistentVolumeSpec.capacity`,
  ...['allocatedResources', 'capacity'].map((field) => `${core}.PersistentVolumeClaimStatus.${field}`),
  ...['hard', 'used'].map((field) => `${core}.ResourceQuotaStatus.${field}`),
  `${core}.ResourceQuotaSpec.hard`,
  ...['default', 'defaultRequest', 'max', 'min', 'maxLimitRequestRatio'].map(
    (field) => `${core}.LimitRangeItem.${field}`,
  ),
  `${core}.EmptyDirVolumeSource.sizeLimit`,
  `${core}.ResourceFieldSelector.divisor`,
  ...['averageValue', 'value'].flatMap((field) => [`${v2}.MetricTarget.${field}`, `${v2}.MetricValueStatus.${field}`]),
  `${v2}.HPAScalingRules.tolerance`,
  'io.k8s.api.node.v1.Overhead.podFixed',
  `${core}.PodSpec.overhead`,
  ...['capacity', 'maximumVolumeSize'].map((field) => `io.k8s.api.storage.v1.CSIStorageCapacity.${field}`),
]);

/** Fields that the client types as `any`, with the definition that upstream has for them. */
export const referenceFields: Readonly<Record<string, string>> = {
  'io.k8s.api.apps.v1.ControllerRevision.data': 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  [`${meta}.ManagedFieldsEntry.fieldsV1`]: `${meta}.FieldsV1`,
  [`${meta}.WatchEvent.object`]: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  [`${extensions}.CustomResourceSubresources.status`]: `${extensions}.CustomResourceSubresourceStatus`,
  [`${extensions}.JSONSchemaProps.additionalItems`]: `${extensions}.JSONSchemaPropsOrBool`,
  [`${extensions}.JSONSchemaProps.additionalProperties`]: `${extensions}.JSONSchemaPropsOrBool`,
  [`${extensions}.JSONSchemaProps.default`]: `${extensions}.JSON`,
  [`${extensions}.JSONSchemaProps.example`]: `${extensions}.JSON`,
  [`${extensions}.JSONSchemaProps.enum`]: `${extensions}.JSON`,
  [`${extensions}.JSONSchemaProps.items`]: `${extensions}.JSONSchemaPropsOrArray`,
  [`${extensions}.JSONSchemaProps.dependencies`]: `${extensions}.JSONSchemaPropsOrStringArray`,
};

/** Definitions that the client has no model for. */
export const extraDefinitions: Readonly<Record<string, Record<string, unknown>>> = {
  [quantity]: {
    description:
      'Quantity is a fixed-point representation of a number. It provides convenient marshaling/unmarshaling in JSON and YAML, in addition to String() and AsInt64() accessors.',
    type: 'string',
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    description:
      'IntOrString is a type that can hold an int32 or a string.  When used in JSON or YAML marshalling and unmarshalling, it produces or consumes the inner type.  This allows you to have, for example, a JSON field that can accept a name or number.',
    type: 'string',
    format: 'int-or-string',
  },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': {
    description: 'RawExtension is used to hold extensions in external versions.',
    type: 'object',
  },
  [`${meta}.FieldsV1`]: {
    description: 'FieldsV1 stores a set of fields in a data structure like a Trie, in JSON format.',
    type: 'object',
  },
  [`${meta}.Time`]: {
    description:
      'Time is a wrapper around time.Time which supports correct marshaling to YAML and JSON.  Wrappers are provided for many of the factory methods that the time package offers.',
    type: 'string',
    format: 'date-time',
  },
  [`${meta}.MicroTime`]: {
    description: 'MicroTime is version of Time with microsecond level precision.',
    type: 'string',
    format: 'date-time',
  },
  [`${meta}.Patch`]: {
    description: 'Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.',
    type: 'object',
  },
  [`${extensions}.JSON`]: {
    description:
      'JSON represents any valid JSON value. These types are supported: bool, int64, float64, string, []interface{}, map[string]interface{} and nil.',
  },
  [`${extensions}.JSONSchemaPropsOrArray`]: {
    description:
      'JSONSchemaPropsOrArray represents a value that can either be a JSONSchemaProps or an array of JSONSchemaProps. Mainly here for serialization purposes.',
  },
  [`${extensions}.JSONSchemaPropsOrBool`]: {
    description:
      'JSONSchemaPropsOrBool represents JSONSchemaProps or a boolean value. Defaults to true for the boolean property.',
  },
  [`${extensions}.JSONSchemaPropsOrStringArray`]: {
    description: 'JSONSchemaPropsOrStringArray represents a JSONSchemaProps or a string array.',
  },
  [`${extensions}.CustomResourceSubresourceStatus`]: {
    description:
      'CustomResourceSubresourceStatus defines how to serve the status subresource for CustomResources. Status is represented by the `.status` JSON path inside of a CustomResource. When set, * exposes a /status subresource for the custom resource * PUT requests to the /status subresource take a custom resource object, and ignore changes to anything except the status stanza * PUT/POST/PATCH requests to the custom resource ignore changes to the status stanza',
    type: 'object',
  },
};

/** Defaults that upstream's schemas carry. Server-side apply needs those of list keys. */
export const fieldDefaults: Readonly<Record<string, unknown>> = {
  [`${core}.ContainerPort.protocol`]: 'TCP',
  [`${core}.ServicePort.protocol`]: 'TCP',
  [`${core}.LocalObjectReference.name`]: '',
  [`${core}.ConfigMapKeySelector.name`]: '',
  [`${core}.SecretKeySelector.name`]: '',
  [`${core}.ConfigMapEnvSource.name`]: '',
  [`${core}.SecretEnvSource.name`]: '',
  [`${core}.ConfigMapProjection.name`]: '',
  [`${core}.SecretProjection.name`]: '',
  [`${core}.ConfigMapVolumeSource.name`]: '',
  [`${core}.GRPCAction.service`]: '',
  [`${core}.ISCSIVolumeSource.iscsiInterface`]: 'default',
  [`${core}.ISCSIPersistentVolumeSource.iscsiInterface`]: 'default',
  [`${core}.RBDVolumeSource.pool`]: 'rbd',
  [`${core}.RBDVolumeSource.user`]: 'admin',
  [`${core}.RBDVolumeSource.keyring`]: '/etc/ceph/keyring',
  [`${core}.RBDPersistentVolumeSource.pool`]: 'rbd',
  [`${core}.RBDPersistentVolumeSource.user`]: 'admin',
  [`${core}.RBDPersistentVolumeSource.keyring`]: '/etc/ceph/keyring',
  [`${core}.ScaleIOVolumeSource.storageMode`]: 'ThinProvisioned',
  [`${core}.ScaleIOVolumeSource.fsType`]: 'xfs',
  [`${core}.ScaleIOPersistentVolumeSource.storageMode`]: 'ThinProvisioned',
  [`${core}.ScaleIOPersistentVolumeSource.fsType`]: 'xfs',
  [`${core}.AzureDiskVolumeSource.cachingMode`]: 'ReadWrite',
  [`${core}.AzureDiskVolumeSource.fsType`]: 'ext4',
  [`${core}.AzureDiskVolumeSource.kind`]: 'Shared',
  [`${core}.AzureDiskVolumeSource.readOnly`]: false,
};

/** Strings on the wire that hold bytes although the client does not say so. */
export const byteFields: ReadonlySet<string> = new Set([`${core}.Secret.data`, `${core}.ConfigMap.binaryData`]);

/** Kinds that are found in every group version: options and events of the API itself. */
export const everywhereKinds: ReadonlySet<string> = new Set([`${meta}.DeleteOptions`, `${meta}.WatchEvent`]);

/** Top-level kinds of meta/v1, which discovery shows as core v1. */
export const metaKinds: ReadonlySet<string> = new Set([
  `${meta}.APIGroup`,
  `${meta}.APIGroupList`,
  `${meta}.APIResourceList`,
  `${meta}.APIVersions`,
  `${meta}.Status`,
]);
