/** The last status of a pod of which nothing runs any more and nothing will: upstream's TerminatePod. Pure. */
import type { ContainerStatus, Pod, PodStatus } from '@kubelab/api/types';
import { isStaticPod } from '../static-pods/mirror.js';
import { isTerminalPhase } from './pod.js';

/** What was never seen to end counts as lost, and a pod that has not reached a terminal phase has failed. */
export function terminatedStatus(pod: Pod, status: PodStatus): PodStatus {
  const { initContainerStatuses: init = [], containerStatuses: app = [] } = status;
  const tried = lastTried(init) + 1;
  return {
    ...status,
    ...(init.length > 0
      ? { initContainerStatuses: init.map((item, index) => (index < tried ? lost(item) : item)) }
      : {}),
    containerStatuses: hasInitialized(pod, init, app) ? app.map(lost) : app,
    ...(isTerminalPhase(status) || isStaticPod(pod) ? {} : { phase: 'Failed' }),
  };
}

function lost(status: ContainerStatus): ContainerStatus {
  if (status.state?.terminated || status.state?.running) return status;
  const terminated = {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  };
  return { ...status, state: { terminated }, ready: false, started: false };
}

/** Index of the last init container that has begun; the first one counts as begun in any case. */
function lastTried(init: readonly ContainerStatus[]): number {
  return Math.max(
    0,
    init.findLastIndex(({ state, lastState }) => !state?.waiting || lastState?.terminated !== undefined),
  );
}

/** Without that, the containers have had no chance to start, and none of them is lost. */
function hasInitialized(pod: Pod, init: readonly ContainerStatus[], app: readonly ContainerStatus[]): boolean {
  if ((pod.spec.initContainers?.length ?? 0) === 0) return true;
  if (app.some(({ state, lastState }) => !state?.waiting || lastState?.terminated !== undefined)) return true;
  const last = init.at(-1);
  return last?.state?.terminated?.exitCode === 0 || last?.lastState?.terminated?.exitCode === 0;
}
