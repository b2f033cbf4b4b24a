import type { Clock } from '@kubelab/component/clock';
import { CliError } from '../errors.js';

/** What a look at the awaited thing gave. `state` is what the user sees while waiting. */
export type Probe = { done: true; state?: string } | { done: false; state: string };

export interface WaitOptions {
  /** Completes the sentence "waiting for ...". */
  what: string;
  probe: () => Promise<Probe>;
  timeoutMs: number;
  intervalMs: number;
  clock: Clock;
  /** Gets what is awaited and the last value seen, whenever that changes. */
  report: (state: string) => void;
  /** The last log lines of whatever is late. */
  onTimeout: () => Promise<string[]>;
  hint?: string;
}

/** Looks again and again until it is done; on time-out throws a CliError that holds the last value and the late part's last log lines. */
export async function waitUntil(options: WaitOptions): Promise<void> {
  const { clock } = options;
  const deadline = clock.now() + options.timeoutMs;
  let reported: string | undefined;
  for (;;) {
    const result = await answerUntil(deadline, options);
    if (result.done) return;
    if (result.state !== reported) {
      reported = result.state;
      options.report(`waiting for ${options.what}: ${result.state}`);
    }
    if (clock.now() >= deadline) {
      const seconds = Math.round(options.timeoutMs / 1000);
      throw new CliError(`Waited ${seconds} s for ${options.what}; the last state was: ${result.state}.`, {
        details: await options.onTimeout(),
        ...(options.hint === undefined ? {} : { hint: options.hint }),
      });
    }
    await clock.sleep(options.intervalMs);
  }
}

/** The last look, too, has time for an answer. */
const leastLookMs = 2_000;

/** A frozen program takes connections and answers none: the look itself must end, too. */
async function answerUntil(deadline: number, { probe, clock }: WaitOptions): Promise<Probe> {
  const answered = new AbortController();
  const late = clock
    .sleep(Math.max(leastLookMs, deadline - clock.now()), answered.signal)
    .then((): Probe => ({ done: false, state: 'there is no answer' }));
  try {
    return await Promise.race([probe(), late]);
  } finally {
    answered.abort();
    late.catch(() => undefined);
  }
}
