/** Server-side apply: merges a configuration into an object and settles who owns what. */

import { deepEqual, getOwn, isObject, type JsonObject } from '../json.js';
import { type ManagedFieldsEntry, parseApiVersion } from '../meta.js';
import { unclassified } from '../patch-error.js';
import type { TypeSchema } from '../schema.js';
import { badRequest } from '../status-error.js';
import { applyConflict } from './conflict-error.js';
import { fieldSetOf } from './extract.js';
import type { FieldSet } from './field-set.js';
import { allowedByLastApplied, updateLastApplied } from './last-applied.js';
import { decodeOwners, encodeOwners, type Owner, type Owners, ownerId, stripUnowned } from './managers.js';
import { mergeTyped } from './merge.js';
import { findConflicts, ignoredSet, takeOver } from './ownership.js';
import { prune } from './prune.js';
import { reconcileOwners } from './reconcile.js';
import { entriesOf, metadataOf, recordUpdate, withoutManagedFields } from './update.js';
import { formatTypedErrors, validateTyped } from './validate.js';
import { type ChangesIn, changesByVersion, type VersionLookup } from './versions.js';

export interface ApplyOptions {
  schema: TypeSchema;
  /** The stored object; undefined when the configuration creates it. */
  live: object | undefined;
  /** The configuration. Its apiVersion and kind must be those of the request. */
  applied: object;
  manager: string;
  /** Take over what others own instead of failing. */
  force: boolean;
  apiVersion: string;
  kind: string;
  /** '' or absent for the main resource. */
  subresource?: string;
  /** RFC 3339, now. Absent: entries keep the time they have, new ones get none. */
  time?: string | undefined;
  /** Dotted paths that this request cannot change: `status` on the main resource. */
  ignored?: readonly string[];
  /** The object's other versions; absent: all versions are alike. */
  versions?: VersionLookup;
}

export interface ApplyResult {
  /**
   * The new object with its metadata.managedFields; before defaulting. It shares parts with the arguments: clone before changing it.
   * Nulls of the configuration are kept; they mean absent.
   */
  object: JsonObject;
  managedFields: ManagedFieldsEntry[] | undefined;
  /** False when neither content nor ownership changed: there is nothing to write. */
  changed: boolean;
}

const beforeFirstApply = 'before-first-apply';

function formatKind(apiVersion: string, kind: string): string {
  const { group, version } = parseApiVersion(apiVersion);
  return `${group}/${version}, Kind=${kind}`;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function checkApplied({ schema, applied, apiVersion, kind }: ApplyOptions): void {
  const config = applied as JsonObject;
  const [appliedVersion, appliedKind] = [text(getOwn(config, 'apiVersion')), text(getOwn(config, 'kind'))];
  if (appliedVersion !== apiVersion || appliedKind !== kind) {
    throw badRequest(`invalid object type: ${formatKind(appliedVersion, appliedKind)}`);
  }
  const metadata = metadataOf(config);
  if (isObject(metadata) && (getOwn(metadata, 'managedFields') ?? null) !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const errors = validateTyped(schema, config);
  if (errors.length > 0) {
    const who = `${text(metadata['namespace'])}/${text(metadata['name'])}; ${formatKind(apiVersion, kind)}`;
    throw unclassified(`failed to create typed patch object (${who}): ${formatTypedErrors(errors)}`);
  }
}

/** Whoever wrote the object before anyone applied shares one entry. */
function liveOwners(options: ApplyOptions): Owners {
  const { live, schema, time, apiVersion } = options;
  if (!live) return new Map();
  let owners: Owners;
  try {
    owners = decodeOwners(entriesOf(live));
  } catch (cause) {
    throw unclassified(`failed to decode managed fields: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (owners.size > 0) {
    reconcileOwners(owners, { ...options, live });
    return owners;
  }
  const { ignored, subresource = '' } = options;
  const update = { schema, old: undefined, new: live, manager: beforeFirstApply, apiVersion, subresource, time };
  return recordUpdate(owners, ignored ? { ...update, ignored } : update);
}

interface Attempt {
  options: ApplyOptions;
  owners: Owners;
  live: JsonObject;
  id: string;
}

function checkConflicts({ options, owners, live, id }: Attempt, changesIn: ChangesIn): void {
  if (options.force) return;
  const conflicts = findConflicts(owners, changesIn, id);
  if (conflicts.length === 0) return;
  // An object that kubectl applied on the client's side goes over to the server's without a fight.
  const allowed = options.manager === 'kubectl' ? allowedByLastApplied(options.schema, live) : undefined;
  const left = allowed ? conflicts.filter(({ path }) => !allowed.has(path)) : conflicts;
  if (left.length > 0) throw applyConflict(owners, left);
}

function merge(attempt: Attempt, last: FieldSet | undefined): JsonObject {
  const { options, owners, live } = attempt;
  const { schema } = options;
  const merged = mergeTyped(schema, live, options.applied);
  return (last ? prune({ schema, merged, last, owners }) : merged) as JsonObject;
}

function newOwner(options: ApplyOptions, ignored: FieldSet): Owner {
  const { schema, applied, manager, apiVersion, subresource = '', time } = options;
  const set = fieldSetOf(schema, applied).recursiveDifference(ignored);
  return { manager, operation: 'Apply', apiVersion, subresource, set, ...(time === undefined ? {} : { time }) };
}

/**
 * Applies a configuration. Throws StatusError: 409 with a cause per field for conflicts, 400 for a wrong type or managedFields in the
 * configuration, 500 (as upstream) for a configuration that does not fit the schema.
 */
export function applyServerSide(options: ApplyOptions): ApplyResult {
  checkApplied(options);
  const live = options.live
    ? withoutManagedFields(options.live)
    : { apiVersion: options.apiVersion, kind: options.kind, metadata: {} };
  const owners = liveOwners(options);
  const ignored = ignoredSet(options.ignored);
  const owner = newOwner(options, ignored);
  const id = ownerId(owner);
  const previous = owners.get(id);
  owners.set(id, owner);
  const attempt: Attempt = { options, owners, live, id };
  const object = merge(attempt, previous?.set);
  const { schema, apiVersion, versions } = options;
  const changesIn = changesByVersion({ schema, before: live, after: object, ignored, apiVersion, versions });
  checkConflicts(attempt, changesIn);
  takeOver(owners, changesIn, id);
  owner.set = stripUnowned(owner.set);
  if (owner.set.isEmpty()) owners.delete(id);
  const same = previous?.set.equals(owner.set) === true && deepEqual(live, object);
  // A configuration that was applied already leaves no trace, not even a time.
  if ((same || options.time === undefined) && previous?.time !== undefined) owner.time = previous.time;
  if (options.manager === 'kubectl') updateLastApplied(object, options.applied);
  return finish(options, object, encodeOwners(owners));
}

function finish(options: ApplyOptions, merged: JsonObject, entries: ManagedFieldsEntry[] | undefined): ApplyResult {
  const metadata = { ...metadataOf(merged), ...(entries ? { managedFields: entries } : {}) };
  const object = { ...merged, metadata };
  return { object, managedFields: entries, changed: !options.live || !deepEqual(options.live, object) };
}
