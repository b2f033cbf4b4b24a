/** metadata.managedFields of every write: who owns which field, and what an apply makes of it. */

import { deepClone, isObject, type JsonObject } from '@kubelab/apimachinery/json';
import { applyServerSide } from '@kubelab/apimachinery/managed-fields/apply';
import { managerFromUserAgent } from '@kubelab/apimachinery/managed-fields/managers';
import { updateManagedFields } from '@kubelab/apimachinery/managed-fields/update';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { conflict, staleObjectMessage } from '@kubelab/apimachinery/status-error';
import { timestamp } from '@kubelab/component/clock';
import type { Engine, WriteRequest } from './engine.js';

function managerOf(request: WriteRequest): string {
  return request.options.fieldManager || managerFromUserAgent(request.userAgent);
}

/** What a request cannot change, so that its manager does not come to own it. */
function ignoredFields(request: WriteRequest): string[] {
  if (request.subresource === 'status') return ['spec'];
  return request.subresource === '' && request.resource.definition.subresources['status'] ? ['status'] : [];
}

function shared(engine: Engine, request: WriteRequest) {
  return {
    schema: request.resource.typeSchema,
    manager: managerOf(request),
    apiVersion: request.resource.apiVersion,
    subresource: request.subresource,
    time: timestamp(engine.clock),
    ignored: ignoredFields(request),
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
