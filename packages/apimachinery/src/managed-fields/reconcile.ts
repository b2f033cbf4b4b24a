/** Field sets that were written under another topology: what a definition now calls atomic was granular then, or the other way round. Pure. */

import type { TypeSchema } from '../schema.js';
import { fieldSetOf } from './extract.js';
import { FieldSet } from './field-set.js';
import type { Owners } from './managers.js';
import type { PathElement } from './path-element.js';
import { fieldType } from './typed-value.js';
import type { VersionLookup, VersionView } from './versions.js';

export interface ReconcileOptions {
  schema: TypeSchema;
  live: object;
  /** Of `schema` and `live`. */
  apiVersion: string;
  versions?: VersionLookup;
}

/**
 * Brings all sets into line with the schema. Who owned a list or an object as a whole that is granular now owns what is in it; who owned
 * parts of what is atomic now owns the whole; who wrote in a version that is not served any more owns nothing. Changes `owners`; costs
 * little when nothing differs.
 */
export function reconcileOwners(owners: Owners, options: ReconcileOptions): void {
  const { schema, live, apiVersion, versions } = options;
  const own: VersionView = { schema, convert: (object) => object };
  for (const [id, owner] of owners) {
    const view = !versions || owner.apiVersion === apiVersion ? own : versions(owner.apiVersion);
    if (!view) owners.delete(id);
    else owner.set = reconcileChildren(view.schema, owner.set, () => fieldSetOf(view.schema, view.convert(live)));
  }
}

type Lazy = () => FieldSet | undefined;

function reconcileNode(schema: TypeSchema, node: FieldSet, live: Lazy): FieldSet {
  // Arbitrary JSON has no topology that could change.
  if (schema.kind === 'scalar' || schema.kind === 'any') return node;
  const atomic = schema.kind === 'list' ? schema.listType === 'atomic' : schema.atomic;
  const whole = node.isMember && !node.hasChildren;
  if (atomic) return whole || !node.hasChildren ? node : FieldSet.leaf();
  if (!whole) return reconcileChildren(schema, node, live);
  const found = live();
  return found?.hasChildren ? node.union(found) : node;
}

function reconcileChildren(schema: TypeSchema, node: FieldSet, live: Lazy): FieldSet {
  return node.mapChildren((element, child) => {
    const type = typeAt(schema, element);
    return type ? reconcileNode(type, child, () => live()?.child(element)) : child;
  });
}

/** Undefined for fields that the schema does not know. */
function typeAt(schema: TypeSchema, element: PathElement): TypeSchema | undefined {
  if (schema.kind === 'list') return schema.items;
  if (schema.kind === 'map') return schema.values;
  if (schema.kind !== 'struct' || !element.startsWith('f:')) return undefined;
  const name = element.slice(2);
  return schema.field(name) || schema.unknown ? fieldType(schema, name) : undefined;
}
