/** The metadata every Kubernetes object carries, and small pure functions over it. */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: 'Apply' | 'Update';
  apiVersion?: string;
  time?: string;
  fieldsType?: 'FieldsV1';
  fieldsV1?: Record<string, unknown>;
  subresource?: string;
}

export interface ObjectMeta {
  name: string;
  generateName?: string;
  namespace?: string;
  uid: string;
  /** Opaque to clients; the etcd mod revision in decimal. */
  resourceVersion: string;
  generation?: number;
  /** RFC 3339, seconds, UTC. */
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
  selfLink?: string;
}

/** An object as a server returns it: named, with a uid and a resourceVersion. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** An object of which only the metadata matters and the rest is plain JSON. */
export interface UnstructuredObject extends KubeObject {
  [field: string]: unknown;
}

/** What a client sends to create `T`: the server fills in the rest of the metadata. */
export type Draft<T extends KubeObject> = Omit<T, 'metadata'> & { metadata: Partial<ObjectMeta> };

export interface ListMeta {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

export interface KubeList<T> {
  apiVersion: string;
  kind: string;
  metadata: ListMeta;
  items: T[];
}

export interface GroupResource {
  /** Empty for the core group. */
  group: string;
  /** Plural, lower case: `pods`. */
  resource: string;
}

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

/** `namespace/name`, or `name` for a cluster-scoped object: the key controllers and informers use. */
export function objectKey(object: { metadata: { name?: string; namespace?: string } }): string {
  const { name = '', namespace } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** Splits what {@link objectKey} made. */
export function parseObjectKey(key: string): { namespace?: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** `group/version`, or `version` for the core group. */
export function toApiVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** The one owner that manages the object, if any. */
export function controllerOf(object: { metadata: Partial<ObjectMeta> }): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

export function isBeingDeleted(object: { metadata: Partial<ObjectMeta> }): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** `pods` or `deployments.apps`: how upstream's messages name a resource. */
export function formatGroupResource(resource: GroupResource): string {
  return resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
}
