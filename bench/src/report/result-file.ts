import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { checkout } from '../lab/checkout.js';
import type { Aim } from './table.js';

export interface Result {
  /** `boot`, `pod-start`. */
  benchmark: string;
  options: Record<string, unknown>;
  aims: readonly Aim[];
  /** All samples and what they come down to; times in milliseconds. */
  results: Record<string, unknown>;
}

/** Writes `bench/results/<benchmark>-<time>.json` and gives its path relative to the checkout. */
export function writeResult(result: Result, now: Date): string {
  const folder = join(checkout, 'bench/results');
  mkdirSync(folder, { recursive: true });
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  const file = join(folder, `${result.benchmark}-${time}.json`);
  const { benchmark, ...rest } = result;
  const document = { benchmark, at: now.toISOString(), machine: describeMachine(), ...rest };
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  return relative(checkout, file);
}

function describeMachine(): Record<string, unknown> {
  return {
    cpus: cpus().length,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
  };
}
