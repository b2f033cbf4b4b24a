/** What the server decides about an object, whatever the client sent: upstream's BeforeCreate and BeforeUpdate without validation. */

import { randomUUID } from 'node:crypto';
import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import type { ObjectMeta, OwnerReference, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { badRequest } from '@kubelab/apimachinery/status-error';
import type { Resource } from './resources.js';
import { keepsStatusOnCreate } from './strategy.js';
import { restoreForSubresource } from './subresources/parent-parts.js';

/** Sets or checks the namespace against the path's; throws StatusError 400 when they differ. */
export function matchNamespace(object: UnstructuredObject, namespace: string | undefined): void {
  const meta: Partial<ObjectMeta> = object.metadata;
  if (namespace === undefined) delete meta.namespace;
  else if (!meta.namespace) meta.namespace = namespace;
  else if (meta.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** Clears what only the server writes; before managed fields and admission see the object. */
export function wipeForCreate(resource: Resource, object: UnstructuredObject): void {
  const meta: Partial<ObjectMeta> = object.metadata;
  delete meta.uid;
  delete meta.creationTimestamp;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
  delete meta.generation;
  if (resource.definition.subresources['status'] && !keepsStatusOnCreate(resource.groupResource))
    delete object['status'];
}

/** Gives a new object its identity. */
export function identifyNew(resource: Resource, object: UnstructuredObject, now: string): void {
  object.metadata.uid = randomUUID();
  object.metadata.creationTimestamp = now;
  if (resource.definition.generation) object.metadata.generation = 1;
}

/** Restores what an update through `subresource` may not change. Idempotent: runs before and after admission. */
export function restoreUnchangeable(
  resource: Resource,
  subresource: string,
  object: UnstructuredObject,
  old: UnstructuredObject,
): void {
  const meta: Partial<ObjectMeta> = object.metadata;
  if (!meta.uid) meta.uid = old.metadata.uid;
  meta.creationTimestamp = old.metadata.creationTimestamp;
  delete meta.selfLink;
  if (old.metadata.generation === undefined) delete meta.generation;
  else meta.generation = old.metadata.generation;
  if (old.metadata.deletionTimestamp !== undefined) meta.deletionTimestamp = old.metadata.deletionTimestamp;
  if (old.metadata.deletionGracePeriodSeconds !== undefined && meta.deletionGracePeriodSeconds === undefined) {
    meta.deletionGracePeriodSeconds = old.metadata.deletionGracePeriodSeconds;
  }
  if (subresource !== '') restoreForSubresource(resource, subresource, object, old);
  else if (resource.definition.subresources['status']) restoreField(object, old, 'status');
}

export function restoreField(object: UnstructuredObject, old: UnstructuredObject, field: string): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = deepClone(old[field]);
}

/** Counts the generation up when anything but metadata and status is different. */
export function countGeneration(resource: Resource, object: UnstructuredObject, old: UnstructuredObject): void {
  if (!resource.definition.generation) return;
  const hasStatus = resource.definition.subresources['status'] !== undefined;
  if (!deepEqual(desiredPart(object, { hasStatus }), desiredPart(old, { hasStatus }))) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
}

/** A status that has no subresource of its own is like any other field. */
function desiredPart(object: UnstructuredObject, { hasStatus }: { hasStatus: boolean }): Record<string, unknown> {
  const { metadata, ...rest } = object;
  if (hasStatus) delete rest['status'];
  return rest;
}

/** Drops owner references that occur twice, with upstream's warning. */
export function dedupOwnerReferences(object: UnstructuredObject, warn: (message: string) => void): void {
  const owners = object.metadata.ownerReferences;
  if (!owners || owners.length < 2) return;
  const unique: OwnerReference[] = [];
  const duplicates = new Set<string>();
  for (const owner of owners) {
    if (unique.some((other) => deepEqual(other, owner))) duplicates.add(owner.uid);
    else unique.push(owner);
  }
  if (duplicates.size === 0) return;
  object.metadata.ownerReferences = unique;
  warn(
    '.metadata.ownerReferences contains duplicate entries, API server dedups owner references in 1.20+, and may reject such requests ' +
      `as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...duplicates].join(', ')}`,
  );
}

const metadataOrder = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;

/** The object with its metadata in the order in which upstream writes it. */
export function inCanonicalOrder(object: UnstructuredObject): UnstructuredObject {
  const metadata: Record<string, unknown> = {};
  for (const field of metadataOrder) {
    if (object.metadata[field] !== undefined) metadata[field] = object.metadata[field];
  }
  return { ...object, metadata: metadata as unknown as ObjectMeta };
}
