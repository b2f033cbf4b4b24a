import type { ContainerStatus, Pod } from '@kubelab/api/types';
import { isSidecar, restartPolicyOf } from './pod.js';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

interface Tally {
  unknown: number;
  running: number;
  waiting: number;
  stopped: number;
  succeeded: number;
}

/** A pod's phase from its container statuses (init and app together): upstream's getPhase. */
export function podPhase(pod: Pod, statuses: readonly ContainerStatus[], options: { terminal: boolean }): PodPhase {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const init = tallyInit(pod, byName);
  const tally = tallyRunning(pod, byName);
  const policy = restartPolicyOf(pod);
  if (init.failed > 0 && policy === 'Never') return 'Failed';
  const started = pod.spec.containers.some((container) => hasStarted(byName.get(container.name)));
  if (init.pending > 0 || (init.pendingSidecars > 0 && !started) || tally.waiting > 0) return 'Pending';
  if (tally.unknown > 0) return 'Pending';
  if (tally.running > 0) return 'Running';
  if (tally.stopped === 0) return 'Pending';
  const allSucceeded = tally.stopped === tally.succeeded;
  if (options.terminal) return allSucceeded ? 'Succeeded' : 'Failed';
  if (policy === 'Always') return 'Running';
  if (allSucceeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

/** A regular container that runs now or ran before. */
export function hasStarted(status: ContainerStatus | undefined): boolean {
  if (!status) return false;
  return Boolean(status.started || status.state?.terminated || status.state?.running || status.lastState?.terminated);
}

function tallyInit(
  pod: Pod,
  byName: Map<string, ContainerStatus>,
): { pending: number; pendingSidecars: number; failed: number } {
  const result = { pending: 0, pendingSidecars: 0, failed: 0 };
  for (const container of pod.spec.initContainers ?? []) {
    const status = byName.get(container.name);
    if (isSidecar(container)) {
      if (isPendingSidecar(status)) result.pendingSidecars += 1;
      continue;
    }
    const ended = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
    if (!ended) result.pending += 1;
    else if (ended.exitCode !== 0) result.failed += 1;
  }
  return result;
}

function isPendingSidecar(status: ContainerStatus | undefined): boolean {
  if (!status) return false;
  if (status.state?.running) return !status.started;
  if (status.state?.terminated) return false;
  return !(status.state?.waiting && status.lastState?.terminated);
}

function tallyRunning(pod: Pod, byName: Map<string, ContainerStatus>): Tally {
  const tally: Tally = { unknown: 0, running: 0, waiting: 0, stopped: 0, succeeded: 0 };
  for (const container of (pod.spec.initContainers ?? []).filter(isSidecar)) {
    const status = byName.get(container.name);
    if (!status) tally.unknown += 1;
    else if (status.state?.running) tally.running += 1;
    else if (status.state?.waiting && !status.lastState?.terminated) tally.waiting += 1;
  }
  for (const container of pod.spec.containers) {
    const status = byName.get(container.name);
    if (status?.state?.running) tally.running += 1;
    else if (status?.state?.terminated) {
      tally.stopped += 1;
      if (status.state.terminated.exitCode === 0) tally.succeeded += 1;
    } else if (status?.state?.waiting) {
      if (status.lastState?.terminated) tally.stopped += 1;
      else tally.waiting += 1;
    } else tally.unknown += 1;
  }
  return tally;
}
