import type { Clock } from '@kubelab/component/clock';

/** Somebody waits, others wake: a wake-up that comes while nobody waits is kept for the next wait. */
export class Wakeup {
  private pending = false;
  private resolve: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  wake(): void {
    this.pending = true;
    this.resolve?.();
  }

  /** Resolves with the next wake-up, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.pending) {
      await new Promise<void>((resolve) => {
        const timer = this.clock.setTimeout(resolve, ms);
        this.resolve = () => {
          timer.clear();
          resolve();
        };
      });
    }
    this.pending = false;
    this.resolve = undefined;
  }
}
