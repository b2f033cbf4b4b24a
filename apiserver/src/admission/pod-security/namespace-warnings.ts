/** Warnings for somebody who raises the level of a namespace that already has pods. */

import type { Pod } from '@kubelab/api/types';
import type { ObjectAccess } from '../../contracts.js';
import { describeReasons, evaluatePod } from './evaluate.js';
import { formatLevelVersion, type LevelVersion } from './policy.js';

/** Upstream's limits: enough to tell, not enough to hold up the request. */
const maxPods = 3000;

export function namespaceWarnings(objects: ObjectAccess, namespace: string, enforce: LevelVersion): string[] {
  const pods = objects.peekAll<Pod>({ group: '', resource: 'pods' }, namespace);
  const namesByReason = new Map<string, string[]>();
  for (const pod of pods.slice(0, maxPods)) {
    const findings = evaluatePod({ annotations: pod.metadata.annotations ?? {}, spec: pod.spec }, enforce);
    if (findings.length === 0) continue;
    const reasons = describeReasons(findings);
    namesByReason.set(reasons, [...(namesByReason.get(reasons) ?? []), pod.metadata.name]);
  }
  const warnings: string[] = [];
  if (pods.length > maxPods) {
    warnings.push(
      `new PodSecurity enforce level only checked against the first ${maxPods} of ${pods.length} existing pods`,
    );
  }
  if (namesByReason.size > 0) {
    const level = JSON.stringify(formatLevelVersion(enforce));
    warnings.push(
      `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${level}`,
    );
  }
  const lines = [...namesByReason].map(([reasons, names]) => `${nameOthers(names)}: ${reasons}`);
  return [...warnings, ...lines.sort()];
}

function nameOthers(names: readonly string[]): string {
  const [first = '', ...others] = [...names].sort();
  if (others.length === 0) return first;
  return others.length === 1 ? `${first} (and 1 other pod)` : `${first} (and ${others.length} other pods)`;
}
