/** Owners write in versions of their own: what they own is judged in the version they wrote it in. Pure. */

import type { TypeSchema } from '../schema.js';
import type { Comparison } from './compare.js';
import type { FieldSet } from './field-set.js';
import { changesOf } from './ownership.js';

/** How an object of one version looks in another one. */
export interface VersionView {
  schema: TypeSchema;
  /** Must not change its argument. */
  convert(object: object): object;
}

/** Undefined for versions that are not served any more: what was owned in them is forgotten. */
export type VersionLookup = (apiVersion: string) => VersionView | undefined;

export interface VersionedChange {
  schema: TypeSchema;
  before: object;
  after: object;
  ignored: FieldSet;
  /** Of schema and objects. */
  apiVersion: string;
  versions?: VersionLookup | undefined;
}

/** What changes, seen in each version; undefined for versions that are gone. Compares once per version. */
export type ChangesIn = (apiVersion: string) => Comparison | undefined;

export function changesByVersion(change: VersionedChange): ChangesIn {
  const { schema, before, after, ignored, apiVersion, versions } = change;
  const known = new Map<string, Comparison | undefined>([[apiVersion, changesOf(schema, before, after, ignored)]]);
  return (version) => {
    // Without a lookup all versions are taken to be alike.
    if (!versions) return known.get(apiVersion);
    if (!known.has(version)) {
      const view = versions(version);
      known.set(version, view && changesOf(view.schema, view.convert(before), view.convert(after), ignored));
    }
    return known.get(version);
  };
}
