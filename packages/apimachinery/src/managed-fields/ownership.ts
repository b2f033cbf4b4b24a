/** How ownership moves when an object changes. */

import type { TypeSchema } from '../schema.js';
import { type Comparison, compareTyped } from './compare.js';
import { FieldSet } from './field-set.js';
import type { Owners } from './managers.js';
import { type FieldPath, fieldElement } from './path-element.js';
import type { ChangesIn } from './versions.js';

/** A field that someone else owns and the change would give another value. */
export interface Conflict {
  /** Identity of the owner. */
  ownerId: string;
  path: FieldPath;
}

/** Dotted paths (`status`, `metadata.labels`) that a request cannot change: neither owned nor in conflict. */
export function ignoredSet(paths: readonly string[] | undefined): FieldSet {
  return FieldSet.of(...(paths ?? []).map((path) => path.split('.').map(fieldElement)));
}

/** What changes between the two, ignored fields left out. */
export function changesOf(schema: TypeSchema, before: unknown, after: unknown, ignored: FieldSet): Comparison {
  const { added, modified, removed } = compareTyped(schema, before, after);
  return {
    added: added.recursiveDifference(ignored),
    modified: modified.recursiveDifference(ignored),
    removed: removed.recursiveDifference(ignored),
  };
}

/** Fields of others than `self` that get another value, by owner and then by path. */
export function findConflicts(owners: Owners, changesIn: ChangesIn, self: string): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const [ownerId, owner] of [...owners].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const changes = ownerId === self ? undefined : changesIn(owner.apiVersion);
    if (!changes) continue;
    const changed = changes.modified.union(changes.added);
    for (const path of owner.set.intersection(changed).paths()) conflicts.push({ ownerId, path });
  }
  return conflicts;
}

/**
 * Takes changed and removed fields from everyone but `self`; who has nothing left goes, and who wrote in a version that is gone. Changes
 * `owners`.
 */
export function takeOver(owners: Owners, changesIn: ChangesIn, self: string | undefined): void {
  for (const [id, owner] of owners) {
    if (id !== self) {
      const changes = changesIn(owner.apiVersion);
      if (changes) owner.set = owner.set.difference(changes.modified.union(changes.added).union(changes.removed));
      else owner.set = new FieldSet();
    }
    if (owner.set.isEmpty()) owners.delete(id);
  }
}
