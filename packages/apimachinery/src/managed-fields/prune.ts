/** Removal of what an applier no longer applies. */

import type { TypeSchema } from '../schema.js';
import { fieldSetOf, withDeclaredFields } from './extract.js';
import { FieldSet } from './field-set.js';
import type { Owners } from './managers.js';
import { removeItems } from './remove.js';

export interface PruneOptions {
  schema: TypeSchema;
  /** The live object with the new configuration merged in. */
  merged: unknown;
  /** What the applier owned before. */
  last: FieldSet;
  /** Everyone, the applier with what it applies now. */
  owners: Owners;
}

/**
 * `merged` without the fields and items that the applier owned, does not apply any more, and nobody else owns. What it did not own stays,
 * but an item of which no one owns the existence goes with all that is in it.
 */
export function prune({ schema, merged, last, owners }: PruneOptions): unknown {
  let owned = new FieldSet();
  for (const owner of owners.values()) owned = owned.union(owner.set);
  if (last.difference(owned).isEmpty()) return merged;
  const declared = (set: FieldSet): FieldSet => withDeclaredFields(set, schema);
  const setOf = (value: unknown): FieldSet => declared(fieldSetOf(schema, value));
  const lastDeclared = declared(last);
  const mergedSet = setOf(merged);
  const withoutLast = removeItems(schema, merged, lastDeclared);
  const kept = setOf(withoutLast).union(declared(owned));
  const withOwned = removeItems(schema, merged, mergedSet.difference(kept));
  const gone = mergedSet.difference(setOf(withOwned)).intersection(lastDeclared);
  return removeItems(schema, merged, gone);
}
