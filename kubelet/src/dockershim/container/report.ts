/** Pure: what the engine says about a container, as the CRI's container. */
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type Docker from 'dockerode';
import { decodeLabels, label, parseContainerName } from '../engine/names.js';
import { nanoseconds } from '../engine/time.js';
import { type EngineMount, reportMounts } from './mounts.js';
import { signalOf } from './plan.js';
import { reportResources } from './resources.js';

/** The image of a container as the CRI names it. */
export interface ImageIdentity {
  /** `repository@digest` where the image has one, else its ID. */
  ref: string;
  /** Names by which the engine knows the image. */
  tags: readonly string[];
}

/** Exit code of a container whose process could not be started at all. */
const startErrorCode = 128;

/** `oomKilled`: somebody other than the engine knows that the kernel killed it for its memory. */
export function reportContainer(
  info: Docker.ContainerInspectInfo,
  image: ImageIdentity,
  oomKilled = false,
): cri.ContainerStatusInput {
  const { labels, annotations } = decodeLabels(info.Config.Labels);
  return {
    id: info.Id,
    metadata: parseContainerName(info.Name),
    ...reportState(info, oomKilled),
    createdAt: nanoseconds(info.Created),
    image: { image: imageName(info, image), userSpecifiedImage: info.Config.Labels?.[label.image] ?? '' },
    imageRef: image.ref,
    imageId: info.Image,
    labels,
    annotations,
    mounts: reportMounts(info.Mounts as EngineMount[]),
    logPath: info.Config.Labels?.[label.logPath] ?? '',
    resources: { linux: reportResources(info.HostConfig) },
    stopSignal: signalOf((info.Config as { StopSignal?: string }).StopSignal ?? 'SIGTERM'),
  };
}

type State = Pick<cri.ContainerStatusInput, 'state' | 'startedAt' | 'finishedAt' | 'exitCode' | 'reason' | 'message'>;

function reportState({ State: state, Created }: Docker.ContainerInspectInfo, oomKilled: boolean): State {
  const startedAt = nanoseconds(state.StartedAt);
  if (state.Running) return { state: 'CONTAINER_RUNNING', startedAt };
  const finishedAt = nanoseconds(state.FinishedAt);
  if (finishedAt !== 0) {
    const reason = state.OOMKilled || oomKilled ? 'OOMKilled' : state.ExitCode === 0 ? 'Completed' : 'Error';
    // The engine can note the end of a very short run a moment before its start.
    const ended = Math.max(startedAt, finishedAt);
    return {
      state: 'CONTAINER_EXITED',
      startedAt,
      finishedAt: ended,
      exitCode: state.ExitCode,
      reason,
      message: state.Error,
    };
  }
  if (state.ExitCode !== 0) {
    // It never ran: the engine refused or failed to start its process.
    const finished = nanoseconds(Created);
    return {
      state: 'CONTAINER_EXITED',
      startedAt: 0,
      finishedAt: finished,
      exitCode: startErrorCode,
      reason: 'StartError',
      message: state.Error,
    };
  }
  return { state: 'CONTAINER_CREATED' };
}

function imageName(info: Docker.ContainerInspectInfo, image: ImageIdentity): string {
  const wanted = info.Config.Labels?.[label.image] ?? info.Config.Image;
  return image.tags.find((tag) => isSameName(tag, wanted)) ?? image.tags[0] ?? wanted;
}

/** `busybox` is `busybox:latest` and `docker.io/library/busybox:latest`. */
function isSameName(tag: string, wanted: string): boolean {
  const familiar = wanted.replace(/^docker\.io\/(library\/)?/, '');
  return tag === familiar || tag === `${familiar}:latest`;
}

const states: Readonly<Record<string, cri.ContainerState>> = {
  created: 'CONTAINER_CREATED',
  running: 'CONTAINER_RUNNING',
  paused: 'CONTAINER_RUNNING',
  restarting: 'CONTAINER_RUNNING',
  removing: 'CONTAINER_EXITED',
  exited: 'CONTAINER_EXITED',
  dead: 'CONTAINER_EXITED',
};

/** Undefined for a container whose name is not ours. */
export function reportListedContainer(
  info: Docker.ContainerInfo,
  image: ImageIdentity,
): cri.ContainerInput | undefined {
  const metadata = parseContainerName(info.Names[0] ?? '');
  if (!metadata) return undefined;
  return {
    id: info.Id,
    podSandboxId: info.Labels[label.sandboxId] ?? '',
    metadata,
    image: { image: info.Image, userSpecifiedImage: info.Labels[label.image] ?? '' },
    imageRef: image.ref,
    imageId: info.ImageID,
    state: states[info.State] ?? 'CONTAINER_UNKNOWN',
    createdAt: info.Created * 1e9,
    ...decodeLabels(info.Labels),
  };
}
