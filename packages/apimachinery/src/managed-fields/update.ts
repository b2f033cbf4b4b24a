/** Ownership after a plain write: who changed a field owns it. */

import { getOwn, isObject, type JsonObject } from '../json.js';
import type { ManagedFieldsEntry } from '../meta.js';
import type { TypeSchema } from '../schema.js';
import { FieldSet } from './field-set.js';
import { capUpdaters, decodeOwners, encodeOwners, type Owner, type Owners, ownerId, stripUnowned } from './managers.js';
import { ignoredSet, takeOver } from './ownership.js';
import { reconcileOwners } from './reconcile.js';
import { changesByVersion, type VersionLookup } from './versions.js';

export interface UpdateManagedFieldsOptions {
  schema: TypeSchema;
  /** The stored object; undefined when `new` is being created. */
  old: object | undefined;
  /** The object about to be stored, with the managedFields the client sent, if any. */
  new: object;
  /** Field manager of the request. */
  manager: string;
  /** Of the request: `apps/v1`. */
  apiVersion: string;
  /** Of the request: `status`; '' or absent for the main resource. */
  subresource?: string;
  /** RFC 3339, now. Absent: entries keep the time they have, new ones get none. */
  time?: string | undefined;
  /** Dotted paths that this request cannot change: `status` on the main resource. */
  ignored?: readonly string[];
  /** The object's other versions; absent: all versions are alike. */
  versions?: VersionLookup;
}

export function metadataOf(object: object | undefined): JsonObject {
  const metadata = object && getOwn(object as JsonObject, 'metadata');
  return isObject(metadata) ? metadata : {};
}

export function entriesOf(object: object | undefined): readonly ManagedFieldsEntry[] | undefined {
  const entries = getOwn(metadataOf(object), 'managedFields');
  return Array.isArray(entries) ? (entries as ManagedFieldsEntry[]) : undefined;
}

/** A shallow copy without metadata.managedFields: bookkeeping is not content. */
export function withoutManagedFields(object: object): JsonObject {
  const { managedFields: _, ...metadata } = metadataOf(object);
  return { ...(object as JsonObject), metadata };
}

/** Entries that cannot be understood are dropped rather than refused: a write must not fail for them. */
function decodeLeniently(entries: readonly ManagedFieldsEntry[] | undefined): Owners {
  try {
    return decodeOwners(entries);
  } catch (cause) {
    if (cause instanceof Error) return new Map();
    throw cause;
  }
}

/** `[]` and `[{}]` are how a client asks to forget all owners. */
function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (!entries) return false;
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0);
}

/** The owners to start from: those the client sent if it sent any, or else those stored. */
function startingOwners(options: UpdateManagedFieldsOptions): Owners {
  const sent = entriesOf(options.new);
  if (options.subresource) return decodeLeniently(entriesOf(options.old));
  if (isReset(sent)) return new Map();
  const owners = decodeLeniently(sent);
  return owners.size > 0 ? owners : decodeLeniently(entriesOf(options.old));
}

/** As {@link updateManagedFields}, from owners that are already decoded. Changes and returns `owners`. */
export function recordUpdate(owners: Owners, options: UpdateManagedFieldsOptions): Owners {
  const { schema, manager, apiVersion, subresource = '' } = options;
  const before = options.old ? withoutManagedFields(options.old) : { metadata: {} };
  const after = withoutManagedFields(options.new);
  const ignored = ignoredSet(options.ignored);
  // Of what is being created there is no other version to look at.
  const versions = options.old ? options.versions : undefined;
  const changesIn = changesByVersion({ schema, before, after, ignored, apiVersion, versions });
  takeOver(owners, changesIn, undefined);
  const changes = changesIn(apiVersion);
  const changed = changes ? stripUnowned(changes.modified.union(changes.added)) : new FieldSet();
  if (!changed.isEmpty()) {
    const owner: Owner = { manager, operation: 'Update', apiVersion, subresource, set: changed };
    const id = ownerId(owner);
    const previous = owners.get(id);
    const time = options.time ?? previous?.time;
    if (time !== undefined) owner.time = time;
    owners.set(id, previous ? { ...owner, set: previous.set.union(changed) } : owner);
  }
  capUpdaters(owners);
  return owners;
}

/**
 * The managedFields to store with `new`, undefined for none. Neither object is changed. An object without managedFields stays so on
 * updates: someone chose not to track it.
 */
export function updateManagedFields(options: UpdateManagedFieldsOptions): ManagedFieldsEntry[] | undefined {
  const owners = startingOwners(options);
  if (owners.size === 0 && options.old) return undefined;
  if (options.old) reconcileOwners(owners, { ...options, live: options.old });
  return encodeOwners(recordUpdate(owners, options));
}
