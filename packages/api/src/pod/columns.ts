/** The columns of `kubectl get pods`. */
import { ageColumn, column, nameColumn, since, wide } from '../columns.js';
import type { TableRowCondition } from '../resource.js';
import type { Container, ContainerStatus, Pod, PodStatus } from '../types.js';

const status = 'io.k8s.api.core.v1.PodStatus';

export const podColumns = [
  nameColumn<Pod>(),
  column<Pod>('Ready', 'The aggregate readiness state of this pod for accepting traffic.', (pod) => {
    const { ready, total } = summarizePod(pod);
    return `${ready}/${total}`;
  }),
  column<Pod>('Status', 'The aggregate status of the containers in this pod.', (pod) => summarizePod(pod).reason),
  column<Pod>(
    'Restarts',
    'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    (pod, { now }) => {
      const { restarts, lastRestart } = summarizePod(pod);
      return restarts > 0 && lastRestart ? `${restarts} (${since(lastRestart, now)} ago)` : String(restarts);
    },
  ),
  ageColumn<Pod>(),
  column<Pod>('IP', `${status}#podIP`, (pod) => pod.status?.podIPs?.[0]?.ip || '<none>', wide),
  column<Pod>('Node', 'io.k8s.api.core.v1.PodSpec#nodeName', (pod) => pod.spec.nodeName || '<none>', wide),
  column<Pod>(
    'Nominated Node',
    `${status}#nominatedNodeName`,
    (pod) => pod.status?.nominatedNodeName || '<none>',
    wide,
  ),
  column<Pod>('Readiness Gates', 'io.k8s.api.core.v1.PodSpec#readinessGates', readinessGates, wide),
];

/** Pods that are over, for clients that list only what goes on. */
export function podRowConditions({ status: { phase } = {} }: Pod): readonly TableRowCondition[] {
  if (phase === 'Succeeded') return [completed(phase, 'The pod has completed successfully.')];
  return phase === 'Failed' ? [completed(phase, 'The pod failed.')] : [];
}

function completed(reason: string, message: string): TableRowCondition {
  return { type: 'Completed', status: 'True', reason, message };
}

export interface PodSummary {
  /** The word of the STATUS column. */
  readonly reason: string;
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
  /** When the last container that counts in `restarts` ended. */
  readonly lastRestart: string | undefined;
}

/** A container's restarts and when it last ended, over some of a pod's containers. */
interface Restarts {
  count: number;
  last: string | undefined;
}

/** What `kubectl get pods` says about a pod. */
export function summarizePod(pod: Pod): PodSummary {
  const podStatus = pod.status ?? {};
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map((container) => container.name));
  const init = summarizeInit(podStatus, sidecars, pod.spec.initContainers?.length ?? 0);
  const main =
    init.reason === undefined || isInitialized(podStatus)
      ? summarizeMain(podStatus, init.reason ?? initialReason(podStatus), init.sidecarRestarts)
      : { reason: init.reason, ready: 0, restarts: init.allRestarts };
  return {
    reason: deletionReason(pod, main.reason),
    ready: init.ready + main.ready,
    total: pod.spec.containers.length + sidecars.size,
    restarts: main.restarts.count,
    lastRestart: main.restarts.last,
  };
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

function initialReason(podStatus: PodStatus): string {
  const gated = podStatus.conditions?.some(
    (condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
  );
  return gated ? 'SchedulingGated' : podStatus.reason || podStatus.phase || '';
}

function summarizeInit(podStatus: PodStatus, sidecars: ReadonlySet<string>, total: number) {
  const allRestarts: Restarts = { count: 0, last: undefined };
  const sidecarRestarts: Restarts = { count: 0, last: undefined };
  let ready = 0;
  for (const [index, container] of (podStatus.initContainerStatuses ?? []).entries()) {
    addRestarts(allRestarts, container);
    const sidecar = sidecars.has(container.name);
    if (sidecar) addRestarts(sidecarRestarts, container);
    if (container.state?.terminated?.exitCode === 0) continue;
    if (sidecar && container.started) {
      if (container.ready) ready++;
      continue;
    }
    // Upstream looks no further than the first container that is not done.
    return { ready, allRestarts, sidecarRestarts, reason: initReason(container, index, total) };
  }
  return { ready, allRestarts, sidecarRestarts, reason: undefined };
}

function initReason(container: ContainerStatus, index: number, total: number): string {
  const { terminated, waiting } = container.state ?? {};
  if (terminated) return `Init:${terminationReason(terminated)}`;
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
  return `Init:${index}/${total}`;
}

function terminationReason(terminated: { reason?: string; signal?: number; exitCode: number }): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function summarizeMain(podStatus: PodStatus, before: string, restarts: Restarts) {
  let reason = before;
  let ready = 0;
  let running = false;
  for (const container of [...(podStatus.containerStatuses ?? [])].reverse()) {
    addRestarts(restarts, container);
    const { waiting, terminated, running: isRunning } = container.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated) reason = terminationReason(terminated);
    else if (container.ready && isRunning) {
      running = true;
      ready++;
    }
  }
  // A pod whose other containers completed is still running as long as one of them is.
  if (reason === 'Completed' && running) reason = hasCondition(podStatus, 'Ready') ? 'Running' : 'NotReady';
  return { reason, ready, restarts };
}

function addRestarts(restarts: Restarts, container: ContainerStatus): void {
  restarts.count += container.restartCount;
  const finished = container.lastState?.terminated?.finishedAt;
  if (finished && (!restarts.last || finished > restarts.last)) restarts.last = finished;
}

function deletionReason(pod: Pod, reason: string): string {
  if (!pod.metadata.deletionTimestamp) return reason;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  return over ? reason : 'Terminating';
}

function isInitialized(podStatus: PodStatus): boolean {
  return hasCondition(podStatus, 'Initialized');
}

function hasCondition(podStatus: PodStatus, type: string): boolean {
  return podStatus.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const met = gates.filter((gate) => hasCondition(pod.status ?? {}, gate.conditionType)).length;
  return `${met}/${gates.length}`;
}
