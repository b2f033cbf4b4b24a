/** Writes by which the garbage collector lets an object go. */

import { parseExact, stringifyExact } from '@kubelab/apimachinery/exact-json';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';

/** True when nothing but ownerReferences and finalizers differs: checks of content do not apply to such a write. */
export function isCollectorChange(object: UnstructuredObject, old: UnstructuredObject): boolean {
  return deepEqual(withoutCollectorFields(object), withoutCollectorFields(old));
}

function withoutCollectorFields(object: UnstructuredObject): unknown {
  const {
    ownerReferences: _owners,
    finalizers: _finalizers,
    managedFields: _fields,
    resourceVersion: _version,
    ...metadata
  } = object.metadata;
  return parseExact(stringifyExact({ ...object, metadata }));
}
