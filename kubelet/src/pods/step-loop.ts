import type { Clock, Timer } from '@kubelab/component/clock';

export interface StepLoopOptions {
  clock: Clock;
  /** Ends the loop. */
  signal: AbortSignal;
  /** Asks what there is to do now, and does it. Its signal aborts when the loop ends or the step is interrupted. */
  step(signal: AbortSignal): Promise<void>;
  /** A step failed and will be tried again. */
  failed(error: unknown): void;
}

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Takes one step at a time, as often as anybody likes: whoever wakes it during a step gets another one after it. */
export class StepLoop {
  readonly #options: StepLoopOptions;
  #running = false;
  #again = false;
  #failedSteps = 0;
  #timer: Timer | undefined;
  #step = new AbortController();

  constructor(options: StepLoopOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.rest(), { once: true });
  }

  wake(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    if (this.#options.signal.aborted) return;
    this.#running = true;
    void this.#run();
  }

  wakeAfter(ms: number): void {
    this.rest();
    if (this.#options.signal.aborted) return;
    this.#timer = this.#options.clock.setTimeout(() => this.wake(), ms);
  }

  /** From within a step: another one follows at once. */
  again(): void {
    this.#again = true;
  }

  /** Nothing but a call of wake() goes on with it. */
  rest(): void {
    this.#timer?.clear();
  }

  /** The step that is being taken is given up. */
  interrupt(why: string): void {
    this.#step.abort(new Error(why));
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    try {
      do {
        this.#again = false;
        this.rest();
        this.#step = new AbortController();
        await this.#try(AbortSignal.any([signal, this.#step.signal]));
      } while (this.#again && !signal.aborted);
    } finally {
      this.#running = false;
    }
  }

  async #try(signal: AbortSignal): Promise<void> {
    try {
      await this.#options.step(signal);
      this.#failedSteps = 0;
    } catch (error) {
      if (this.#options.signal.aborted) return;
      if (signal.aborted) {
        this.#again = true;
        return;
      }
      this.#options.failed(error);
      this.wakeAfter(Math.min(firstRetryMs * 2 ** this.#failedSteps++, longestRetryMs));
    }
  }
}
