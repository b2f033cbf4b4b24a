/** A pod against a level of the pod security standards. Pure. */

import { baselineChecks } from './baseline-checks.js';
import type { Check, Finding, PodLike } from './findings.js';
import type { LevelVersion } from './policy.js';
import { restrictedChecks } from './restricted-checks.js';

/** Empty: the pod meets the standard. */
export function evaluatePod(pod: PodLike, { level, minor }: LevelVersion): Finding[] {
  return checksFor(level, minor).flatMap((check) => check.run(pod, minor) ?? []);
}

function checksFor(level: LevelVersion['level'], minor: number): Check[] {
  if (level === 'privileged') return [];
  const baseline = baselineChecks.filter((check) => minor >= check.since);
  if (level === 'baseline') return baseline;
  const restricted = restrictedChecks.filter((check) => minor >= check.since);
  const replaced = new Set(restricted.map((check) => check.replaces));
  return [...baseline.filter((check) => !replaced.has(check.id)), ...restricted];
}

/** `privileged (container "a" must not ...), hostPort (...)`. */
export function describeFindings(findings: readonly Finding[]): string {
  return findings.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}

/** The reasons alone, for warnings about many pods. */
export function describeReasons(findings: readonly Finding[]): string {
  return findings.map(({ reason }) => reason).join(', ');
}
