/** A pod's whole status from its spec, the runtime and the probes: upstream's generateAPIPodStatus. Pure. */
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '@kubelab/api/types';
import { formatTime } from '@kubelab/apimachinery/time';
import { qosClassOf } from '../containers/qos.js';
import type { ProbeResults } from '../probes/probe-result.js';
import { currentSandbox, type PodState, type RuntimeContainer } from '../runtime/pod-state.js';
import { kubeletConditions, podConditions } from './conditions.js';
import { containerStatuses, type StartFailure } from './container-status.js';
import { type PodPhase, podPhase } from './phase.js';
import { sandboxDecision } from './plan.js';
import type { ContainerKind, ContainerSpec } from './pod.js';
import type { PodResizer } from './pod-resizer.js';
import { terminatedStatus } from './terminated-status.js';

export interface PodVerdict {
  /** `DeadlineExceeded`, `Evicted`, `OutOfcpu`, `NodeAffinity`, ... */
  reason: string;
  message: string;
  /** The node ends the pod for a reason of its own: its DisruptionTarget condition says so. */
  disruption?: true;
  /** Seconds, when the pod gets less than it asks for. */
  graceSeconds?: number;
  /** The kubelet never took the pod in: nothing is known of its containers. */
  rejected?: true;
}

export interface StatusInput {
  pod: Pod;
  /** The status last computed, or the API's for a pod that is new to this kubelet. */
  old: PodStatus;
  state: PodState;
  probes: ProbeResults;
  failures: ReadonlyMap<string, StartFailure>;
  runtimeName: string;
  hostIPs: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
  /** The pod is being ended for good: its containers will not be started again. */
  terminal: boolean;
  /** The kubelet has failed the pod on its own account. */
  verdict?: PodVerdict | undefined;
  /** Of in-place resizes. */
  resize?: Pick<PodResizer, 'conditions' | 'resourcesOf'>;
}

export function computePodStatus(input: StatusInput): PodStatus {
  const { pod, old, verdict } = input;
  if (verdict?.rejected && pod.metadata.deletionTimestamp === undefined) return rejectedStatus(input, verdict);
  const init = statusesOf(input, 'init', pod.spec.initContainers ?? [], old.initContainerStatuses);
  const app = statusesOf(input, 'app', pod.spec.containers, old.containerStatuses);
  const ephemeral = statusesOf(input, 'ephemeral', pod.spec.ephemeralContainers ?? [], old.ephemeralContainerStatuses);
  const phase = phaseOf(input, [...app, ...init]);
  const { reason, message } = explanation(input, phase);
  const status: PodStatus = {
    ...observedGeneration(pod),
    phase,
    conditions: conditionsOf(input, [...init, ...app], phase),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(old.nominatedNodeName ? { nominatedNodeName: old.nominatedNodeName } : {}),
    ...addresses(input),
    startTime: old.startTime ?? formatTime(new Date(input.now)),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: app,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: old.qosClass ?? qosClassOf(pod),
  };
  return input.terminal ? terminatedStatus(pod, status) : status;
}

function observedGeneration({ metadata: { generation } }: Pod): Pick<PodStatus, 'observedGeneration'> {
  return generation === undefined ? {} : { observedGeneration: generation };
}

/** Upstream's rejectPod: with a container's status or a condition, clients would show that instead of the reason. */
function rejectedStatus({ pod, old, now }: StatusInput, { reason, message }: PodVerdict): PodStatus {
  return {
    ...observedGeneration(pod),
    phase: 'Failed',
    conditions: (pod.status?.conditions ?? []).filter(({ type }) => !kubeletConditions.includes(type)),
    reason,
    message,
    ...(old.nominatedNodeName ? { nominatedNodeName: old.nominatedNodeName } : {}),
    startTime: old.startTime ?? formatTime(new Date(now)),
    qosClass: old.qosClass ?? qosClassOf(pod),
  };
}

function statusesOf(
  input: StatusInput,
  kind: ContainerKind,
  containers: readonly ContainerSpec[],
  old: readonly ContainerStatus[] | undefined,
): ContainerStatus[] {
  const { pod, state, probes, failures, runtimeName, resize } = input;
  const resourcesOf = (container: RuntimeContainer) => resize?.resourcesOf(container);
  const options = { pod, kind, containers, old: old ?? [], state, probes, failures, runtimeName, resourcesOf };
  return containerStatuses(options).map((status) =>
    input.terminal
      ? lastRun(
          status,
          old?.find((item) => item.name === status.name),
        )
      : status,
  );
}

/** In a pod that has ended, a container that waits for its restart has ended with its last run. */
function lastRun(status: ContainerStatus, old: ContainerStatus | undefined): ContainerStatus {
  if (!status.state?.waiting || !status.lastState?.terminated || !status.containerID) return status;
  return { ...status, state: { terminated: status.lastState.terminated }, lastState: old?.lastState ?? {} };
}

function phaseOf(input: StatusInput, statuses: ContainerStatus[]): PodPhase {
  if (input.verdict) return 'Failed';
  const known = [input.old.phase, input.pod.status?.phase].find((phase) => phase === 'Failed' || phase === 'Succeeded');
  // Pods never leave a terminal phase.
  if (known) return known as PodPhase;
  return podPhase(input.pod, statuses, { terminal: input.terminal });
}

function explanation(
  { old, pod, verdict }: StatusInput,
  phase: PodPhase,
): { reason?: string | undefined; message?: string | undefined } {
  if (verdict) return { reason: verdict.reason, message: verdict.message };
  if (phase !== old.phase) return {};
  return { reason: old.reason ?? pod.status?.reason, message: old.message ?? pod.status?.message };
}

function addresses({ pod, state, old, hostIPs }: StatusInput): Partial<PodStatus> {
  const host = { hostIP: hostIPs[0] ?? '', hostIPs: hostIPs.map((ip) => ({ ip })) };
  const known = currentSandbox(state)?.ips ?? [];
  const previous = (old.podIPs ?? []).map((item) => item.ip);
  const ips = pod.spec.hostNetwork ? hostIPs : known.length > 0 ? known : previous;
  const [first] = ips;
  return { ...host, ...(first === undefined ? {} : { podIP: first, podIPs: ips.map((ip) => ({ ip })) }) };
}

function conditionsOf(input: StatusInput, statuses: ContainerStatus[], phase: PodPhase): PodCondition[] {
  const { pod, state, old, verdict } = input;
  const owned = verdict?.disruption ? [...kubeletConditions, 'DisruptionTarget'] : kubeletConditions;
  const others = (pod.status?.conditions ?? []).filter((condition) => !owned.includes(condition.type));
  const sandboxReady = !sandboxDecision(state).create;
  const now = formatTime(new Date(input.now));
  const generation = pod.metadata.generation;
  const computed = podConditions(pod, statuses, phase, { sandboxReady, others });
  const own = [...disruptionOf(verdict), ...(input.resize?.conditions() ?? []), ...computed].map(
    (condition): PodCondition => {
      const before =
        old.conditions?.find((item) => item.type === condition.type) ??
        pod.status?.conditions?.find((item) => item.type === condition.type);
      const unchanged = before?.status === condition.status && before.lastTransitionTime !== undefined;
      return {
        type: condition.type,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        status: condition.status,
        lastTransitionTime: unchanged ? (before.lastTransitionTime as string) : now,
        ...(condition.reason ? { reason: condition.reason } : {}),
        ...(condition.message ? { message: condition.message } : {}),
      };
    },
  );
  return [...others, ...own];
}

function disruptionOf(verdict: PodVerdict | undefined): Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>[] {
  if (!verdict?.disruption) return [];
  return [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: verdict.message }];
}
