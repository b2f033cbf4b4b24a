interface Waiter {
  priority: number;
  run(): void;
}

/**
 * Bounds how many sandboxes and containers are being started at the same time. Starting is CPU-bound in the engine, so more at once only makes
 * each slower. Who has higher priority goes first: a pod that has its sandbox is finished before another one is begun.
 */
export class StartSlots {
  #free: number;
  readonly #waiting: Waiter[] = [];

  constructor(slots: number) {
    this.#free = slots;
  }

  async use<T>(priority: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#acquire(priority, signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #acquire(priority: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal?.reason);
      };
      const run = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const waiter = { priority, run };
      signal?.addEventListener('abort', onAbort, { once: true });
      const position = this.#waiting.findIndex((other) => other.priority < priority);
      this.#waiting.splice(position < 0 ? this.#waiting.length : position, 0, waiter);
    });
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next.run();
    else this.#free += 1;
  }
}
