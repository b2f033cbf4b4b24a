import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '@kubelab/api/types';

/** Whether two versions of a pod ask for the same. Pure. */
export function isSameOrder(before: Pod, after: Pod): boolean {
  return isDeepStrictEqual(orderOf(before), orderOf(after));
}

function orderOf({ metadata, spec }: Pod): unknown {
  const { resourceVersion: _version, managedFields: _fields, ...rest } = metadata;
  return { metadata: rest, spec };
}
