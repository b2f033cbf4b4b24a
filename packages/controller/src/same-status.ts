/** Whether a controller has anything to write. */
import { isObject } from '@kubelab/apimachinery/json';

/**
 * Whether two statuses say the same: the API server leaves out zeros, empty texts, lists and maps where they mean nothing, and writes empty
 * structs and null where it must, so what a controller computes differs from what it reads in these.
 */
export function sameStatus(a: unknown, b: unknown): boolean {
  if (isEmpty(a) && isEmpty(b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => sameStatus(item, b[i]));
  if (!isObject(a) && !isObject(b)) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) return false;
  const [left, right] = [isObject(a) ? a : {}, isObject(b) ? b : {}];
  // Something that is neither an object nor empty is never the same as one.
  if ((!isObject(a) && !isEmpty(a)) || (!isObject(b) && !isEmpty(b))) return false;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => sameStatus(left[key], right[key]));
}

function isEmpty(value: unknown): boolean {
  return !value || (typeof value === 'object' && Object.keys(value).length === 0);
}
