/** Starts one container: image, configuration, create, start, postStart hook. Every step that fails has a name in the container's status. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Pod, Secret } from '@kubelab/api/types';
import { formatDuration } from '@kubelab/apimachinery/duration';
import type { ContainerConfigInput, MountInput, PodSandboxConfigInput } from '@kubelab/proto/generated/runtime-v1';
import { containerConfig } from '../containers/container-config.js';
import { type Environment, makeEnvironment } from '../containers/environment.js';
import { hostNetworkHostsFile, podHostsFile } from '../containers/hosts-file.js';
import { containerDirectory, hostsFilePath } from '../containers/paths.js';
import { podHostname } from '../containers/pod-hostname.js';
import { verifyRunAsNonRoot } from '../containers/security-context.js';
import { serviceEnvironment, servicesFor } from '../containers/service-environment.js';
import { goError, ImageError, type ReadyImage } from '../images/image-manager.js';
import { findContainer, isRunning, type PodState } from '../runtime/pod-state.js';
import { containerMounts } from '../volumes/container-mounts.js';
import type { MountedVolumes } from '../volumes/volume-manager.js';
import type { Backoff } from './backoff.js';
import { ignoreGone } from './container-killer.js';
import type { StartFailure } from './container-status.js';
import {
  type ContainerKind,
  type ContainerSpec,
  containerFieldPath,
  formatPod,
  gracePeriodOf,
  namespaceOf,
} from './pod.js';
import type { PodServices } from './pod-services.js';

export interface StartRequest {
  pod: Pod;
  container: ContainerSpec;
  kind: ContainerKind;
  state: PodState;
  sandboxId: string;
  sandboxConfig: PodSandboxConfigInput;
  podIPs: string[];
  volumes: MountedVolumes;
  signal: AbortSignal;
}

/** A container could not be started; `failure` is what its status is to show. */
export class StartError extends Error {
  override readonly name = 'StartError';

  constructor(
    readonly failure: StartFailure,
    readonly retryAfterMs: number,
    options?: ErrorOptions,
  ) {
    super(`${failure.reason}: ${failure.message}`, options);
  }
}

/** Upstream's wait between two syncs of a pod that failed. */
const retryMs = 10_000;
/** Containers before sandboxes: what was begun is finished first. */
export const containerPriority = 1;

export class ContainerStarter {
  readonly #services: PodServices;
  readonly #backoff: Backoff;

  constructor(services: PodServices, backoff: Backoff) {
    this.#services = services;
    this.#backoff = backoff;
  }

  /** Throws StartError. */
  async start(request: StartRequest): Promise<void> {
    this.#checkBackoff(request);
    const image = await this.#image(request);
    const config = await this.#config(request, image);
    await this.#removeUnstarted(request);
    const id = await this.#create(request, config);
    await this.#run(request, id);
    this.#services.metrics.containerStarted(request.kind);
    await this.#postStart(request, id);
  }

  #tell(request: StartRequest, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const fieldPath = containerFieldPath(request.pod, request.container.name);
    this.#services.events.event(request.pod, type, reason, message, { fieldPath });
  }

  #fail(request: StartRequest, reason: string, error: unknown): StartError {
    request.signal.throwIfAborted();
    const message = goError(error);
    this.#tell(request, 'Warning', 'Failed', `Error: ${message}`);
    this.#services.metrics.startFailed(request.kind, reason);
    return new StartError({ reason, message }, retryMs, { cause: error });
  }

  #checkBackoff(request: StartRequest): void {
    const { pod, container, state } = request;
    const last = findContainer(state, container.name);
    if (!last || isRunning(last)) return;
    const key = `${pod.metadata.uid}_${container.name}_${container.image ?? ''}`;
    const endedAt = last.finishedAt || last.createdAt;
    const wait = this.#backoff.remaining(key, endedAt);
    if (wait === 0) {
      this.#backoff.next(key, endedAt);
      return;
    }
    this.#tell(
      request,
      'Warning',
      'BackOff',
      `Back-off restarting failed container ${container.name} in pod ${formatPod(pod)}`,
    );
    const delay = formatDuration(this.#backoff.delay(key));
    const message = `back-off ${delay} restarting failed container=${container.name} pod=${formatPod(pod)}`;
    throw new StartError({ reason: 'CrashLoopBackOff', message }, wait);
  }

  async #image(request: StartRequest): Promise<ReadyImage> {
    try {
      const pullSecrets = await this.#pullSecrets(request);
      return await this.#services.images.ensure({ ...request, pullSecrets });
    } catch (error) {
      request.signal.throwIfAborted();
      if (!(error instanceof ImageError)) throw this.#fail(request, 'ErrImagePull', error);
      this.#tell(request, 'Warning', 'Failed', `Error: ${error.reason}`);
      this.#services.metrics.startFailed(request.kind, error.reason);
      throw new StartError({ reason: error.reason, message: error.message }, error.retryAfterMs, { cause: error });
    }
  }

  async #pullSecrets(request: StartRequest): Promise<Secret[]> {
    const { pod, signal } = request;
    const names = (pod.spec.imagePullSecrets ?? [])
      .map((reference) => reference.name ?? '')
      .filter((name) => name !== '');
    const found = await Promise.all(
      names.map((name) => this.#services.secrets.get(pod.metadata.uid, namespaceOf(pod), name, signal)),
    );
    const missing = names.filter((_name, index) => !found[index]);
    if (missing.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
      this.#services.events.event(pod, 'Warning', 'FailedToRetrieveImagePullSecret', message);
    }
    return found.filter((secret) => secret !== undefined);
  }

  async #config(request: StartRequest, image: ReadyImage): Promise<ContainerConfigInput> {
    const { pod, container, state } = request;
    const { node, settings } = this.#services;
    try {
      verifyRunAsNonRoot(pod, container, image);
      const restartCount = nextRestartCount(request);
      const { variables } = await this.#environment(request);
      const environment = new Map(variables.map(({ name, value }) => [name, value]));
      const { paths } = settings;
      const { mounter } = this.#services;
      const volumeMounts = await containerMounts({
        pod,
        container,
        volumes: request.volumes.byName,
        environment,
        paths,
        mounter,
        onDetail: (message, error) => this.#services.logger.warn(message, { pod: formatPod(pod), error }),
      });
      const mounts = [...volumeMounts, ...(await this.#managedMounts(request, volumeMounts))];
      const target =
        'targetContainerName' in container && container.targetContainerName
          ? findContainer(state, container.targetContainerName)
          : undefined;
      return containerConfig(pod, container, {
        restartCount,
        imageRef: image.ref,
        environment: variables,
        mounts,
        memoryCapacity: node.memoryCapacity,
        security: {
          imageUid: image.uid,
          imageUsername: image.username,
          seccompRoot: settings.seccompRoot,
          ...(target ? { targetContainerId: target.id } : {}),
        },
      });
    } catch (error) {
      throw this.#fail(request, 'CreateContainerConfigError', error);
    }
  }

  async #environment(request: StartRequest): Promise<Environment> {
    const { pod, container, signal } = request;
    const { configMaps, secrets, node, services, events } = this.#services;
    const { uid } = pod.metadata;
    const namespace = namespaceOf(pod);
    const names = referencesOf(container);
    const [maps, hidden] = await Promise.all([
      fetchAll(names.configMaps, (name) => configMaps.get(uid, namespace, name, signal)),
      fetchAll(names.secrets, (name) => secrets.get(uid, namespace, name, signal)),
    ]);
    await this.#services.servicesSynced(signal);
    const links = servicesFor(services.list(), namespace, pod.spec.enableServiceLinks !== false);
    const environment = makeEnvironment(pod, container, {
      configMap: (name) => maps.get(name),
      secret: (name) => hidden.get(name),
      services: serviceEnvironment(links),
      downward: { podIPs: request.podIPs, hostIPs: node.ips(), nodeName: node.name, allocatable: node.allocatable() },
    });
    for (const warning of environment.warnings) events.event(pod, 'Warning', warning.reason, warning.message);
    return environment;
  }

  /** /etc/hosts and the termination message file, unless the container mounts something there itself. */
  async #managedMounts(request: StartRequest, own: MountInput[]): Promise<MountInput[]> {
    const { pod, container } = request;
    const taken = new Set(own.map((mount) => mount.containerPath));
    const mounts: MountInput[] = [];
    if (!taken.has('/etc/hosts')) {
      mounts.push({ containerPath: '/etc/hosts', hostPath: await this.#writeHostsFile(request) });
    }
    const messagePath = container.terminationMessagePath ?? '/dev/termination-log';
    if (messagePath !== '' && !taken.has(messagePath)) {
      const folder = containerDirectory(this.#services.settings.paths, pod.metadata.uid, container.name);
      await mkdir(folder, { recursive: true });
      const file = join(folder, randomBytes(4).toString('hex'));
      await writeFile(file, '');
      // Whatever user the container runs as may write its message.
      await chmod(file, 0o666);
      mounts.push({ containerPath: messagePath, hostPath: file });
    }
    return mounts;
  }

  async #writeHostsFile(request: StartRequest): Promise<string> {
    const { pod, podIPs } = request;
    const { paths, clusterDomain } = this.#services.settings;
    const path = hostsFilePath(paths, pod.metadata.uid);
    const hostAliases = pod.spec.hostAliases ?? [];
    const { shortName, domain } = podHostname(pod, clusterDomain);
    const text = pod.spec.hostNetwork
      ? hostNetworkHostsFile(await readFile('/etc/hosts', 'utf8'), hostAliases)
      : podHostsFile({ podIPs, hostname: shortName, domain, hostAliases });
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    await writeFile(path, text);
    await chmod(path, 0o644);
    return path;
  }

  /** A kubelet that died between creating and starting a container left one that nobody would ever start. */
  async #removeUnstarted({ container, state }: StartRequest): Promise<void> {
    const last = findContainer(state, container.name);
    if (last?.state !== 'CONTAINER_CREATED') return;
    await ignoreGone(this.#services.runtime.removeContainer({ containerId: last.id }));
  }

  async #create(request: StartRequest, config: ContainerConfigInput): Promise<string> {
    const { runtime, clock, metrics } = this.#services;
    const { sandboxId: podSandboxId, sandboxConfig } = request;
    const startedAt = clock.now();
    try {
      const answer = await runtime.createContainer({ podSandboxId, config, sandboxConfig }, { signal: request.signal });
      metrics.runtimeOperation('create_container', (clock.now() - startedAt) / 1000, false);
      this.#tell(request, 'Normal', 'Created', `Created container: ${request.container.name}`);
      await this.#checkStopSignal(request, answer.containerId);
      return answer.containerId;
    } catch (error) {
      metrics.runtimeOperation('create_container', (clock.now() - startedAt) / 1000, true);
      throw this.#fail(request, 'CreateContainerError', error);
    }
  }

  /** A runtime that is older than the field starts the container all the same, and will end it with its own signal. */
  async #checkStopSignal(request: StartRequest, containerId: string): Promise<void> {
    const wanted = request.container.lifecycle?.stopSignal;
    if (wanted === undefined) return;
    const { runtime } = this.#services;
    const { status } = await runtime.containerStatus({ containerId }, { signal: request.signal });
    if (status?.stopSignal === wanted) return;
    const message = `The container runtime does not support stop signals: container ${request.container.name} will not get ${wanted} when it is stopped`;
    this.#tell(request, 'Warning', 'StopSignalIgnored', message);
  }

  async #run(request: StartRequest, containerId: string): Promise<void> {
    const { runtime, cache, clock, metrics, slots } = this.#services;
    try {
      await slots.use(
        containerPriority,
        async () => {
          const startedAt = clock.now();
          await cache.holding(request.pod.metadata.uid, () => runtime.startContainer({ containerId }));
          metrics.runtimeOperation('start_container', (clock.now() - startedAt) / 1000, false);
        },
        request.signal,
      );
    } catch (error) {
      throw this.#fail(request, 'RunContainerError', error);
    }
    this.#tell(request, 'Normal', 'Started', `Started container ${request.container.name}`);
  }

  async #postStart(request: StartRequest, containerId: string): Promise<void> {
    const { pod, container, podIPs, signal } = request;
    const handler = container.lifecycle?.postStart;
    if (!handler) return;
    const { hooks, cache, killer } = this.#services;
    try {
      await hooks.run(handler, { pod, container, containerId, podIP: podIPs[0] ?? '' }, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#tell(request, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
      const state = (await cache.refresh(pod.metadata.uid)) ?? request.state;
      const started = state.containers.find((item) => item.id === containerId);
      if (started) {
        await killer.kill(started, {
          pod,
          state,
          graceSeconds: gracePeriodOf(pod),
          message: 'FailedPostStartHook',
          signal,
        });
      }
      const message = error instanceof Error ? error.message : String(error);
      throw new StartError({ reason: 'PostStartHookError', message }, retryMs, { cause: error });
    }
  }
}

/** One more than the last start, wherever that is still known. */
function nextRestartCount({ pod, container, state }: StartRequest): number {
  const last = findContainer(state, container.name);
  if (last) return last.state === 'CONTAINER_CREATED' ? last.restartCount : last.restartCount + 1;
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const known = statuses.find((status) => status.name === container.name);
  return known?.containerID ? known.restartCount + 1 : (known?.restartCount ?? 0);
}

function referencesOf(container: ContainerSpec): { configMaps: string[]; secrets: string[] } {
  const env = container.env ?? [];
  const from = container.envFrom ?? [];
  const present = (names: (string | undefined)[]): string[] =>
    [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[];
  return {
    configMaps: present([
      ...env.map((item) => item.valueFrom?.configMapKeyRef?.name),
      ...from.map((item) => item.configMapRef?.name),
    ]),
    secrets: present([
      ...env.map((item) => item.valueFrom?.secretKeyRef?.name),
      ...from.map((item) => item.secretRef?.name),
    ]),
  };
}

async function fetchAll<T>(names: string[], fetch: (name: string) => Promise<T | undefined>): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  await Promise.all(
    names.map(async (name) => {
      const object = await fetch(name);
      if (object !== undefined) found.set(name, object);
    }),
  );
  return found;
}
