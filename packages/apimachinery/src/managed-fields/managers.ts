/** metadata.managedFields as a table of owners, and back. */

import type { ManagedFieldsEntry } from '../meta.js';
import { FieldSet } from './field-set.js';

export interface Owner {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  /** '' for the main resource. */
  subresource: string;
  time?: string;
  set: FieldSet;
}

/** Owners by identity, see {@link ownerId}. */
export type Owners = Map<string, Owner>;

/** How many Update entries are kept apart; the oldest are merged beyond that. */
const maxUpdaters = 10;
const oldUpdates = 'ancient-changes';

/** Who an entry belongs to. An applier stays the same whatever version it applies. */
export function ownerId(owner: Pick<Owner, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  return JSON.stringify({
    manager: owner.manager,
    operation: owner.operation,
    ...(owner.operation === 'Update' ? { apiVersion: owner.apiVersion } : {}),
    ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
  });
}

function decodeEntry(entry: ManagedFieldsEntry, index: number): Owner {
  const { operation, apiVersion = '', fieldsType } = entry;
  if (operation !== 'Apply' && operation !== 'Update') throw new Error('operation must be `Apply` or `Update`');
  if (apiVersion === '') throw new Error('apiVersion must not be empty');
  if (!fieldsType) throw new Error(`missing fieldsType in managed fields entry ${index}`);
  if (fieldsType !== 'FieldsV1') {
    throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`);
  }
  return {
    manager: entry.manager ?? '',
    operation,
    apiVersion,
    subresource: entry.subresource ?? '',
    set: FieldSet.parse(entry.fieldsV1),
    ...(entry.time === undefined ? {} : { time: entry.time }),
  };
}

/** Throws Error with upstream's text for entries that cannot be understood. */
export function decodeOwners(entries: readonly ManagedFieldsEntry[] | undefined): Owners {
  const owners: Owners = new Map();
  entries?.forEach((entry, index) => {
    const owner = decodeEntry(entry, index);
    owners.set(ownerId(owner), owner);
  });
  return owners;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const seconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));

/** Appliers first, then by age. */
function compareOwners(a: Owner, b: Owner): number {
  return (
    compareText(a.operation, b.operation) ||
    seconds(a.time) - seconds(b.time) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

/** Undefined for none: the field is then absent. */
export function encodeOwners(owners: Owners): ManagedFieldsEntry[] | undefined {
  if (owners.size === 0) return undefined;
  return [...owners.values()].sort(compareOwners).map((owner) => ({
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time === undefined ? {} : { time: owner.time }),
    fieldsType: 'FieldsV1' as const,
    fieldsV1: owner.set.toFieldsV1(),
    ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
  }));
}

/** Merges the oldest updaters of each version into one entry until no more than ten are left. */
export function capUpdaters(owners: Owners): void {
  const updaters = [...owners].filter(([, owner]) => owner.operation === 'Update');
  let count = updaters.length;
  if (count <= maxUpdaters) return;
  updaters.sort(([idA, a], [idB, b]) => seconds(a.time) - seconds(b.time) || compareText(idA, idB));
  const firstOfVersion = new Map<string, string>();
  for (const [id, owner] of updaters) {
    if (count <= maxUpdaters) return;
    const first = firstOfVersion.get(owner.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(owner.apiVersion, id);
      continue;
    }
    moveIntoBucket(owners, first, owner);
    owners.delete(id);
    count--;
  }
}

function moveIntoBucket(owners: Owners, firstId: string, owner: Owner): void {
  const bucket: Owner = { ...owner, manager: oldUpdates, subresource: '' };
  const id = ownerId(bucket);
  const first = owners.get(id) ?? owners.get(firstId);
  if (!owners.has(id)) owners.delete(firstId);
  owners.set(id, { ...bucket, set: first ? first.set.union(owner.set) : owner.set });
}

/** Fields that no one owns: the server sets them, or they say which object it is. */
const unowned = FieldSet.of(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['f:metadata', `f:${name}`]),
);

/** `set` without the fields that no one owns. */
export const stripUnowned = (set: FieldSet): FieldSet => set.difference(unowned);

/** The manager of a request that names none: the product in its User-Agent, at most 128 characters, printable ones only. */
export function managerFromUserAgent(userAgent: string): string {
  const product = userAgent.split('/', 1)[0] ?? '';
  return [...product]
    .slice(0, 128)
    .filter((char) => /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char))
    .join('');
}
