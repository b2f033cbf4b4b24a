import type { Probe } from '@kubelab/api/types';
import type { ProbeKind, ProbeOutcome } from './probe-result.js';

/** Counts a probe's answers against its thresholds. */
export interface ProbeCounter {
  outcome: ProbeOutcome;
  last: 'success' | 'failure' | undefined;
  run: number;
}

const initialOutcome: Readonly<Record<ProbeKind, ProbeOutcome>> = {
  Liveness: 'Success',
  Readiness: 'Failure',
  Startup: 'Unknown',
};

export function newCounter(kind: ProbeKind): ProbeCounter {
  return { outcome: initialOutcome[kind], last: undefined, run: 0 };
}

/** The counter after one more answer. */
export function countAnswer(counter: ProbeCounter, answer: 'success' | 'failure', probe: Probe): ProbeCounter {
  const run = counter.last === answer ? counter.run + 1 : 1;
  const threshold = answer === 'failure' ? (probe.failureThreshold ?? 3) : (probe.successThreshold ?? 1);
  const outcome: ProbeOutcome = run < threshold ? counter.outcome : answer === 'success' ? 'Success' : 'Failure';
  return { outcome, last: answer, run };
}

/** After these the probe says nothing more about this container: it is to be restarted, or it has started. */
export function isFinal(kind: ProbeKind, outcome: ProbeOutcome): boolean {
  if (kind === 'Readiness') return false;
  return outcome === 'Failure' || (kind === 'Startup' && outcome === 'Success');
}
