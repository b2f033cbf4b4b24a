/** Time as an argument: everything that waits or looks at the time takes a Clock, so that tests can turn it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  setTimeout(callback: () => void, ms: number): Timer;
}

export interface Timer {
  clear(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(handle);
        reject(signal?.reason);
      };
      const handle = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
  setTimeout: (callback, ms) => {
    const handle = setTimeout(callback, ms);
    return { clear: () => clearTimeout(handle) };
  },
};

/** The clock's time as Kubernetes writes it: RFC 3339, whole seconds. */
export function timestamp(clock: Clock): string {
  return `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, for MicroTime fields. */
export function microTimestamp(clock: Clock): string {
  return `${new Date(clock.now()).toISOString().slice(0, 23)}000Z`;
}
