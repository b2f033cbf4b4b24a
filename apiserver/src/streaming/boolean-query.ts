/** Query parameters as upstream reads them. Pure. */

import { badRequest } from '@kubelab/apimachinery/status-error';

const no = new Set(['false', '0']);

/** Upstream's conversion: absent, `false` and `0` are false, everything else is true. */
export function booleanParameter(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null) return false;
  // A parameter without a value (`?follow`) is true there too.
  return !no.has(value.toLowerCase());
}

/** Throws StatusError 400 for what is not an integer. */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^[+-]?\d{1,18}$/.test(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return Number(value);
}
