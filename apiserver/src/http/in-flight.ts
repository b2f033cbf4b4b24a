/** How many requests run at the same time: upstream's --max-requests-inflight and --max-mutating-requests-inflight. */

import type { UserInfo } from '../contracts.js';

export interface InFlightLimits {
  /** get, list and what is no resource. 0: any number. */
  readOnly: number;
  /** Everything else. 0: any number. */
  mutating: number;
}

export type RequestKind = keyof InFlightLimits;

/** Seconds after which a refused client may come again. */
export const retryAfterSeconds = 1;
/** Upstream's text, sent plain: a server that has too much to do encodes no Status. */
export const tooManyRequestsText = 'Too many requests, please try again later.';

const readOnlyVerbs = new Set(['get', 'list', 'watch', 'head', 'options']);

export function requestKind(verb: string): RequestKind {
  return readOnlyVerbs.has(verb) ? 'readOnly' : 'mutating';
}

/** Members of system:masters are never refused, so that an overloaded server can still be looked after. */
const privilegedGroup = 'system:masters';

export class InFlightRequests {
  readonly #running: Record<RequestKind, number> = { readOnly: 0, mutating: 0 };

  constructor(private readonly limits: InFlightLimits) {}

  /** Takes a place for a request; false when there is none for this user. Give it back with {@link leave}. */
  enter(kind: RequestKind, user: UserInfo): boolean {
    const limit = this.limits[kind];
    if (limit !== 0 && this.#running[kind] >= limit && !user.groups.includes(privilegedGroup)) return false;
    this.#running[kind]++;
    return true;
  }

  leave(kind: RequestKind): void {
    this.#running[kind]--;
  }
}
