/** Pure: what `kubelab up --timings` tells of its steps. */

import { BenchError } from '../lab/run.js';

export interface StepTiming {
  title: string;
  ms: number;
}

/** The last line of the output is the list as JSON. */
export function parseTimings(output: string): StepTiming[] {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  try {
    const parsed: unknown = JSON.parse(line);
    if (Array.isArray(parsed) && parsed.length > 0 && parsed.every(isTiming)) return parsed;
  } catch (cause) {
    throw new BenchError(`\`kubelab up --timings\` did not end with its timings but with: ${line}`, { cause });
  }
  throw new BenchError(`\`kubelab up --timings\` ended with something else than timings: ${line}`);
}

function isTiming(value: unknown): value is StepTiming {
  if (typeof value !== 'object' || value === null) return false;
  const { title, ms } = value as Partial<StepTiming>;
  return typeof title === 'string' && typeof ms === 'number';
}

/** Each step's times over all boots, in the order of the recipe. Steps that were skipped in a boot have one time less. */
export function timesByStep(boots: readonly (readonly StepTiming[])[]): Map<string, number[]> {
  const steps = new Map<string, number[]>();
  for (const { title, ms } of boots.flat()) steps.set(title, [...(steps.get(title) ?? []), ms]);
  return steps;
}
