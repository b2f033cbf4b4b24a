/** metadata.managedFields of every write: who owns which field, and what an apply makes of it. */

import { deepClone, isObject, type JsonObject } from '@kubelab/apimachinery/json';
import { applyServerSide } from '@kubelab/apimachinery/managed-fields/apply';
import { managerFromUserAgent } from '@kubelab/apimachinery/managed-fields/managers';
import { updateManagedFields } from '@kubelab/apimachinery/managed-fields/update';
import type { VersionLookup } from '@kubelab/apimachinery/managed-fields/versions';
import { formatGroupResource, parseApiVersion, type UnstructuredObject } from '@kubelab/apimachinery/meta';
import { conflict, staleObjectMessage } from '@kubelab/apimachinery/status-error';
import { timestamp } from '@kubelab/component/clock';
import type { Engine, WriteRequest } from './engine.js';
import type { Resource } from './resources.js';

function managerOf(request: WriteRequest): string {
  return request.options.fieldManager || managerFromUserAgent(request.userAgent);
}

/** Where the status subresource leaves more alone than the spec. */
const keptByStatus: Readonly<Record<string, readonly string[]>> = {
  'customresourcedefinitions.apiextensions.k8s.io': ['metadata', 'spec'],
  'deployments.apps': ['spec', 'metadata.labels'],
  'flowschemas.flowcontrol.apiserver.k8s.io': ['metadata', 'spec'],
  pods: ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'],
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': ['metadata', 'spec'],
  'volumeattachments.storage.k8s.io': ['metadata', 'spec'],
};

/** What a request cannot change, so that its manager does not come to own it: upstream's reset fields. */
function ignoredFields({ resource, subresource }: WriteRequest): readonly string[] {
  const { definition, groupResource } = resource;
  // Of a custom object the status subresource writes the status and nothing else.
  if (subresource === 'status') {
    return definition.custom ? ['metadata', 'spec'] : (keptByStatus[formatGroupResource(groupResource)] ?? ['spec']);
  }
  const hasStatus = definition.subresources['status'] !== undefined;
  return hasStatus && (subresource === '' || subresource === 'finalize') ? ['status'] : [];
}

/** The kind in the other versions that are served: an object goes there by way of its stored form. */
function otherVersions(engine: Engine, resource: Resource): VersionLookup {
  return (apiVersion) => {
    const { group, version } = parseApiVersion(apiVersion);
    const other = engine.resources.find(group, version, resource.definition.plural);
    if (!other || other.definition.kind !== resource.definition.kind) return undefined;
    return {
      schema: other.typeSchema,
      convert: (object) => convertObject(object as UnstructuredObject, resource, other),
    };
  };
}

function convertObject(object: UnstructuredObject, from: Resource, to: Resource): UnstructuredObject {
  const stored = from.definition.stored?.toStored(object) ?? object;
  return to.definition.stored?.fromStored(stored) ?? stored;
}

function shared(engine: Engine, request: WriteRequest) {
  return {
    schema: request.resource.typeSchema,
    manager: managerOf(request),
    apiVersion: request.resource.apiVersion,
    subresource: request.subresource,
    // Who scales becomes an owner through the view's entries, and upstream's way from there to the parent knows no times.
    time: request.subresource === 'scale' ? undefined : timestamp(engine.clock),
    ignored: ignoredFields(request),
    versions: otherVersions(engine, request.resource),
  };
}

/** Notes in `object` what a create or update changed; `old` is undefined for a creation. */
export function recordUpdate(
  engine: Engine,
  request: WriteRequest,
  object: UnstructuredObject,
  old: UnstructuredObject | undefined,
): void {
  const managedFields = updateManagedFields({ ...shared(engine, request), old, new: object });
  if (managedFields) object.metadata.managedFields = managedFields;
  else delete object.metadata.managedFields;
}

/**
 * The object after a configuration was applied to `current`, private to the caller. Throws StatusError 409 for conflicts and for a
 * configuration that is based on another resourceVersion.
 */
export function applyConfiguration(
  engine: Engine,
  request: WriteRequest,
  configuration: JsonObject,
  current: UnstructuredObject | undefined,
): UnstructuredObject {
  const { resource, options } = request;
  const metadata = configuration['metadata'];
  const basedOn = isObject(metadata) ? metadata['resourceVersion'] : undefined;
  if (current && basedOn !== undefined && basedOn !== current.metadata.resourceVersion) {
    throw conflict(resource.groupResource, request.name, staleObjectMessage);
  }
  const { object } = applyServerSide({
    ...shared(engine, request),
    live: current,
    applied: configuration,
    force: options.force,
    kind: resource.definition.kind,
  });
  return deepClone(object) as UnstructuredObject;
}
