/** Reminds watchers about once a minute of the revision they have reached, spread over the minute. */

import type { Clock, Timer } from '@kubelab/component/clock';

const slots = 60;
const tickMs = 1_000;

export class BookmarkWheel {
  readonly #clock: Clock;
  readonly #slots = Array.from({ length: slots }, () => new Set<() => void>());
  #position = 0;
  #next = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#timer = this.#clock.setTimeout(() => this.#tick(), tickMs);
  }

  stop(): void {
    this.#timer?.clear();
  }

  /** `remind` is called about once a minute until the returned function is. */
  add(remind: () => void): () => void {
    const slot = this.#slots[this.#next];
    this.#next = (this.#next + 1) % slots;
    slot?.add(remind);
    return () => slot?.delete(remind);
  }

  #tick(): void {
    this.#position = (this.#position + 1) % slots;
    for (const remind of this.#slots[this.#position] ?? []) remind();
    this.start();
  }
}
