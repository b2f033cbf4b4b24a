/** Container statuses of the API from what the runtime has: upstream's convertToAPIContainerStatuses. */
import type { ContainerState, ContainerStatus, Pod, ResourceRequirements } from '@kubelab/api/types';
import { formatTime } from '@kubelab/apimachinery/time';
import type { ProbeResults } from '../probes/probe-result.js';
import { findContainer, isRunning, type PodState, type RuntimeContainer } from '../runtime/pod-state.js';
import { shouldRestart } from './plan.js';
import { type ContainerKind, type ContainerSpec, isSidecar } from './pod.js';

export interface StartFailure {
  /** `ErrImagePull`, `CrashLoopBackOff`, ... */
  reason: string;
  message: string;
}

export interface ContainerStatusInput {
  pod: Pod;
  kind: ContainerKind;
  containers: readonly ContainerSpec[];
  old: readonly ContainerStatus[];
  state: PodState;
  probes: ProbeResults;
  /** Why the last attempt to start a container failed, by container name. */
  failures: ReadonlyMap<string, StartFailure>;
  /** `docker`, `containerd`: the prefix of container ids. */
  runtimeName: string;
  /** What a running container has been given. */
  resourcesOf?: ((container: RuntimeContainer) => ResourceRequirements | undefined) | undefined;
}

export function containerStatuses(input: ContainerStatusInput): ContainerStatus[] {
  const result = input.containers.map((container) => {
    const old = input.old.find((status) => status.name === container.name);
    const status = withFailure(input, container, currentStatus(input, container, old));
    return withProbes(input, container, status);
  });
  // Clients expect init containers in the order of the spec and the others by name.
  return input.kind === 'init' ? result : result.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function currentStatus(
  input: ContainerStatusInput,
  container: ContainerSpec,
  old: ContainerStatus | undefined,
): ContainerStatus {
  const [newest, previous] = input.state.containers.filter((item) => item.name === container.name);
  if (!newest) return statusWithoutContainer(input, container, old);
  const status = { ...fromRuntime(input, newest, old), ...stopSignalOf(container, newest) };
  if (previous?.state === 'CONTAINER_EXITED') status.lastState = fromRuntime(input, previous, undefined).state ?? {};
  else if (old?.lastState && newest.restartCount > 0) status.lastState = old.lastState;
  return status;
}

function statusWithoutContainer(
  input: ContainerStatusInput,
  container: ContainerSpec,
  old: ContainerStatus | undefined,
): ContainerStatus {
  if (old?.state?.terminated) return { ...old };
  const initializing = (input.pod.spec.initContainers?.length ?? 0) > 0;
  const status: ContainerStatus = {
    name: container.name,
    image: container.image ?? '',
    imageID: '',
    ready: false,
    restartCount: old?.restartCount ?? 0,
    state: { waiting: { reason: initializing ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: old?.lastState ?? {},
  };
  if (!old?.state?.running || old.lastState?.terminated) return status;
  // It ran and the runtime has lost it.
  const deleted = input.pod.metadata.deletionTimestamp !== undefined;
  const terminated = {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: `The container could not be located when the pod was ${deleted ? 'deleted' : 'terminated'}.  The container used to be Running`,
  };
  if (deleted) return { ...status, state: { terminated } };
  return { ...status, lastState: { terminated }, restartCount: status.restartCount + 1 };
}

function fromRuntime(
  input: ContainerStatusInput,
  container: RuntimeContainer,
  old: ContainerStatus | undefined,
): ContainerStatus {
  return {
    name: container.name,
    image: container.image,
    imageID: container.imageRef,
    containerID: containerIdOf(input.runtimeName, container.id),
    ready: false,
    restartCount: container.restartCount,
    state: stateOf(input.runtimeName, container, old),
    lastState: {},
    ...givenResources(input, container),
    ...(container.user ? { user: { linux: container.user } } : {}),
  };
}

/** Only of containers that ask for one: upstream tells of none by default (its ContainerStopSignals is off). */
function stopSignalOf(container: ContainerSpec, { stopSignal }: RuntimeContainer): Pick<ContainerStatus, 'stopSignal'> {
  return container.lifecycle?.stopSignal === undefined || stopSignal === undefined ? {} : { stopSignal };
}

function givenResources(
  input: ContainerStatusInput,
  container: RuntimeContainer,
): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const resources = isRunning(container) ? input.resourcesOf?.(container) : undefined;
  if (!resources) return {};
  return { resources, ...(resources.requests ? { allocatedResources: resources.requests } : {}) };
}

export function containerIdOf(runtimeName: string, id: string): string {
  return `${runtimeName}://${id}`;
}

function stateOf(runtimeName: string, container: RuntimeContainer, old: ContainerStatus | undefined): ContainerState {
  switch (container.state) {
    case 'CONTAINER_RUNNING':
      return { running: { startedAt: time(container.startedAt) } };
    case 'CONTAINER_CREATED':
      return { waiting: {} };
    case 'CONTAINER_EXITED':
      return {
        terminated: {
          exitCode: container.exitCode,
          reason: container.reason || (container.exitCode === 0 ? 'Completed' : 'Error'),
          ...(container.message ? { message: container.message } : {}),
          startedAt: time(container.startedAt),
          finishedAt: time(container.finishedAt),
          containerID: containerIdOf(runtimeName, container.id),
        },
      };
    case 'CONTAINER_UNKNOWN':
      if (!old?.state?.running) return { waiting: {} };
      return {
        terminated: {
          exitCode: 137,
          reason: 'ContainerStatusUnknown',
          message: 'The container could not be located when the pod was terminated',
        },
      };
  }
}

function time(ms: number): string {
  return formatTime(new Date(ms));
}

/** A container that is to be started again waits, and says why it does not run yet. */
function withFailure(input: ContainerStatusInput, container: ContainerSpec, status: ContainerStatus): ContainerStatus {
  if (input.kind === 'ephemeral') {
    const failure = input.failures.get(container.name);
    return failure && !status.containerID ? { ...status, state: { waiting: { ...failure } } } : status;
  }
  const last = findContainer(input.state, container.name);
  const finishedInit =
    input.kind === 'init' && !isSidecar(container) && last?.state === 'CONTAINER_EXITED' && last.exitCode === 0;
  if (finishedInit || !shouldRestart(input.pod, container, input.state)) return status;
  const failure = input.failures.get(container.name);
  if (!failure) return status;
  const { reason, message } = failure;
  return {
    ...status,
    ...(status.state?.terminated ? { lastState: { terminated: status.state.terminated } } : {}),
    state: { waiting: { reason, ...(message ? { message } : {}) } },
  };
}

function withProbes(input: ContainerStatusInput, container: ContainerSpec, status: ContainerStatus): ContainerStatus {
  if (input.kind === 'ephemeral') return status;
  const running = status.state?.running !== undefined;
  const id = status.containerID?.slice(input.runtimeName.length + '://'.length) ?? '';
  const started = running && (!container.startupProbe || input.probes.get('Startup', id) === 'Success');
  if (input.kind === 'init' && !isSidecar(container)) {
    return { ...status, started, ready: status.state?.terminated?.exitCode === 0 };
  }
  const ready = started && (!container.readinessProbe || input.probes.get('Readiness', id) === 'Success');
  return { ...status, started, ready };
}
