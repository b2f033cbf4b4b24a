/** Which state a list asks for: upstream's table of resourceVersion, resourceVersionMatch, limit and continue. */

import { badRequest } from '@kubelab/apimachinery/status-error';
import { decodeContinue } from './continue-token.js';
import { parseResourceVersion } from './storage-errors.js';
import type { ListOptions } from './store.js';

export type ListPlan = {
  /** 0: no limit. */
  limit: number;
  /** Relative to the list's namespace; empty: from the beginning. */
  startKey: string;
} & (
  | { state: 'consistent' }
  | { state: 'any' }
  | { state: 'atLeast'; revision: number }
  /** `continued`: a later page; its expiry has another message. */
  | { state: 'exact'; revision: number; continued: boolean }
);

/** Throws StatusError 400 for combinations and values that upstream refuses. */
export function planList(options: ListOptions): ListPlan {
  const limit = options.limit ?? 0;
  if (options.continue) return planContinuation(options, options.continue, limit);
  const revision = parseResourceVersion(options.resourceVersion);
  if (options.resourceVersionMatch === 'Exact') {
    if (revision === 0) throw badRequest('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
    return { state: 'exact', revision, limit, startKey: '', continued: false };
  }
  if (!options.resourceVersion) return { state: 'consistent', limit, startKey: '' };
  // As upstream's watch cache: a list of any state is given whole.
  if (revision === 0) return { state: 'any', limit: 0, startKey: '' };
  const legacyExact = limit > 0 && options.resourceVersionMatch === undefined;
  if (legacyExact) return { state: 'exact', revision, limit, startKey: '', continued: false };
  return { state: 'atLeast', revision, limit, startKey: '' };
}

function planContinuation(options: ListOptions, text: string, limit: number): ListPlan {
  const token = decodeContinue(text);
  if (options.resourceVersion && options.resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  if (token.revision < 0) return { state: 'consistent', limit, startKey: token.startKey };
  return { state: 'exact', revision: token.revision, limit, startKey: token.startKey, continued: true };
}
