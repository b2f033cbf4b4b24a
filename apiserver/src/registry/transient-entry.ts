import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { Entry } from '../storage/store.js';

/** An entry for an object that is not stored: the outcome of a dry run. */
export function transientEntry(key: string, object: UnstructuredObject): Entry {
  const { kind, apiVersion, metadata, ...rest } = object;
  const bytes = Buffer.from(stringifyExact({ kind, apiVersion, metadata, ...rest }));
  return {
    key,
    revision: Number(metadata.resourceVersion ?? 0),
    bytes,
    itemOffset: bytes.indexOf('"metadata":'),
    object,
  };
}
