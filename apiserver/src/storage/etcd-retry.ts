/** Sends a request to etcd again while that is safe and there is time. */

import type { Clock } from '@kubelab/component/clock';
import { hadNoEffect, isTransient, mapEtcdError } from './etcd-errors.js';

export interface RetryPolicy {
  clock: Clock;
  /** For all attempts together. */
  timeoutMs: number;
  /** For one attempt; absent: what is left of the time. */
  attemptTimeoutMs?: number;
  /** Whether sending twice is harmless. Otherwise only what certainly had no effect is sent again. */
  repeatable: boolean;
}

/** Short, because another member may be well. */
const firstPauseMs = 10;
const longestPauseMs = 800;

/** Resolves with what `send` gives, which is told how many milliseconds it has; rejects with the mapped error (see mapEtcdError). */
export async function withRetries<T>(policy: RetryPolicy, send: (timeoutMs: number) => Promise<T>): Promise<T> {
  const end = policy.clock.now() + policy.timeoutMs;
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const now = policy.clock.now();
    try {
      return await send(Math.min(end - now, policy.attemptTimeoutMs ?? policy.timeoutMs));
    } catch (error) {
      const again = policy.repeatable ? isTransient(error) || isLateAttempt(policy, now, end) : hadNoEffect(error);
      if (!again || policy.clock.now() + pause >= end) throw mapEtcdError(error);
    }
    await policy.clock.sleep(pause);
  }
}

/** Whether the attempt that began at `began` was cut short to leave time for another. */
function isLateAttempt(policy: RetryPolicy, began: number, end: number): boolean {
  if (policy.attemptTimeoutMs === undefined) return false;
  const attemptEnd = began + policy.attemptTimeoutMs;
  return attemptEnd < end && policy.clock.now() >= attemptEnd;
}
