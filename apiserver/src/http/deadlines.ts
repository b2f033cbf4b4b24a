/** The time a request may take: upstream's --request-timeout and the `timeout` parameter. */

import { parseDuration } from '@kubelab/apimachinery/duration';
import { badRequest } from '@kubelab/apimachinery/status-error';
import { TimeError } from '@kubelab/apimachinery/time';
import type { Clock, Timer } from '@kubelab/component/clock';

export interface Deadline {
  /** The request is over. May be called again. */
  clear(): void;
}

interface Pending {
  readonly at: number;
  readonly expire: () => void;
}

/**
 * What the client allows, within `maximumMs`: `0s`, more than that and no parameter all mean that maximum. Throws StatusError 400 for text
 * that is no duration.
 */
export function requestTimeout(query: URLSearchParams, maximumMs: number): number {
  const text = query.get('timeout') ?? '';
  if (text === '') return maximumMs;
  try {
    const wanted = parseDuration(text);
    return wanted > 0 && wanted < maximumMs ? wanted : maximumMs;
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`);
  }
}

/** Deadlines that are nearly all equally far: kept in order, with one timer for the first of them instead of one for each. */
export class Deadlines {
  readonly #pending = new Set<Pending>();
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly maximumMs: number,
  ) {}

  /** Calls `expire` after `timeoutMs` (at most the maximum), unless it is cleared before. */
  start(timeoutMs: number, expire: () => void): Deadline {
    if (timeoutMs < this.maximumMs) return this.clock.setTimeout(expire, timeoutMs);
    const pending: Pending = { at: this.clock.now() + this.maximumMs, expire };
    this.#pending.add(pending);
    if (!this.#timer) this.#arm(this.maximumMs);
    return { clear: () => this.#pending.delete(pending) };
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#pending.clear();
  }

  #arm(ms: number): void {
    this.#timer = this.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#sweep();
    }, ms);
  }

  #sweep(): void {
    const now = this.clock.now();
    for (const pending of this.#pending) {
      if (pending.at > now) {
        this.#arm(pending.at - now);
        return;
      }
      this.#pending.delete(pending);
      pending.expire();
    }
  }
}
