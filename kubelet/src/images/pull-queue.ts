import type { Clock } from '@kubelab/component/clock';
import { StartSlots } from '../runtime/start-slots.js';

/** Pulls at most so many images at once, and never the same one twice at the same time. */
export class PullQueue {
  readonly #slots: StartSlots;
  readonly #running = new Map<string, Promise<{ value: string; workMs: number }>>();

  constructor(slots: number) {
    this.#slots = new StartSlots(slots);
  }

  /** `workMs` is the time without waiting for a turn. A caller that aborts leaves; the pull itself goes on for the others. */
  run(
    key: string,
    pull: () => Promise<string>,
    options: { clock: Clock; signal: AbortSignal },
  ): Promise<{ value: string; workMs: number }> {
    let work = this.#running.get(key);
    if (!work) {
      work = this.#slots
        .use(0, async () => {
          const startedAt = options.clock.now();
          const value = await pull();
          return { value, workMs: options.clock.now() - startedAt };
        })
        .finally(() => this.#running.delete(key));
      this.#running.set(key, work);
    }
    return abortable(work, options.signal);
  }
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
