import type {
  ContainerState,
  ContainerStatus,
  Mount,
  PodSandbox,
  PodSandboxStatus,
} from '@kubelab/proto/generated/runtime-v1';
import { hashAnnotation, podNameLabel, podNamespaceLabel, podUidLabel, restartCountAnnotation } from './labels.js';

/** What the runtime has of one pod. Times are milliseconds since the epoch, 0 for "never". */
export interface PodState {
  uid: string;
  name: string;
  namespace: string;
  /** Newest first. */
  sandboxes: RuntimeSandbox[];
  /** Newest first, dead ones included. */
  containers: RuntimeContainer[];
}

export interface RuntimeSandbox {
  id: string;
  attempt: number;
  ready: boolean;
  createdAt: number;
  /** Empty while unknown, and always for a pod in the node's network. */
  ips: string[];
  hostNetwork: boolean;
}

export interface RuntimeContainer {
  id: string;
  name: string;
  sandboxId: string;
  state: ContainerState;
  /** How often the container had been started before. */
  restartCount: number;
  createdAt: number;
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
  message: string;
  /** As the pod asked for it. */
  image: string;
  imageRef: string;
  /** Changes when the pod's container definition changes in a way that needs a new container. */
  hash: string;
  logPath: string;
  mounts: Mount[];
  annotations: Record<string, string>;
  user?: { uid: number; gid: number; supplementalGroups: number[] };
  /** `SIGUSR1`; undefined when the runtime does not tell. */
  stopSignal?: string;
}

export function emptyPodState(pod: { uid: string; name: string; namespace: string }): PodState {
  return { uid: pod.uid, name: pod.name, namespace: pod.namespace, sandboxes: [], containers: [] };
}

export function isRunning(container: RuntimeContainer): boolean {
  return container.state === 'CONTAINER_RUNNING';
}

/** The newest container of that name. */
export function findContainer(state: PodState, name: string): RuntimeContainer | undefined {
  return state.containers.find((container) => container.name === name);
}

export function currentSandbox(state: PodState): RuntimeSandbox | undefined {
  return state.sandboxes.find((sandbox) => sandbox.ready) ?? state.sandboxes[0];
}

/** True while something of the pod runs or holds a network. */
export function isAlive(state: PodState): boolean {
  return state.sandboxes.some((sandbox) => sandbox.ready) || state.containers.some(isRunning);
}

export function podOfLabels(
  labels: Record<string, string>,
): { uid: string; name: string; namespace: string } | undefined {
  const uid = labels[podUidLabel];
  const name = labels[podNameLabel];
  const namespace = labels[podNamespaceLabel];
  return uid && name && namespace ? { uid, name, namespace } : undefined;
}

export function toSandbox(sandbox: PodSandbox, status: PodSandboxStatus | undefined): RuntimeSandbox {
  const network = status?.network;
  const ips = network ? [network.ip, ...network.additionalIps.map((item) => item.ip)].filter((ip) => ip !== '') : [];
  return {
    id: sandbox.id,
    attempt: sandbox.metadata?.attempt ?? 0,
    ready: sandbox.state === 'SANDBOX_READY',
    createdAt: toMs(sandbox.createdAt),
    ips,
    hostNetwork: status?.linux?.namespaces?.options?.network === 'NODE',
  };
}

export function toContainer(status: ContainerStatus, sandboxId: string): RuntimeContainer {
  const user = status.user?.linux;
  return {
    id: status.id,
    name: status.metadata?.name ?? '',
    sandboxId,
    state: status.state,
    restartCount: Number(status.annotations[restartCountAnnotation] ?? status.metadata?.attempt ?? 0),
    createdAt: toMs(status.createdAt),
    startedAt: toMs(status.startedAt),
    finishedAt: toMs(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    image: status.image?.userSpecifiedImage || status.image?.image || '',
    imageRef: status.imageRef || status.imageId,
    hash: status.annotations[hashAnnotation] ?? '',
    logPath: status.logPath,
    mounts: status.mounts,
    annotations: status.annotations,
    ...(user ? { user: { uid: user.uid, gid: user.gid, supplementalGroups: user.supplementalGroups } } : {}),
    ...(status.stopSignal === 'RUNTIME_DEFAULT' ? {} : { stopSignal: status.stopSignal }),
  };
}

/** CRI's nanoseconds; anything before 1970 (Go's zero time) counts as never. */
function toMs(nanoseconds: number): number {
  return nanoseconds > 0 ? Math.floor(nanoseconds / 1e6) : 0;
}
