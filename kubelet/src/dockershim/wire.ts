/** Puts the shim together: the only place that makes the engine client, the streaming server and the CRI server. */
import { join } from 'node:path';
import type { ServiceContext } from '@kubelab/component/service';
import type {
  ContainerEventResponseInput,
  ContainerStatusInput,
  PodSandboxStatusInput,
} from '@kubelab/proto/generated/runtime-v1';
import { type CriServer, serveCri } from '@kubelab/proto/runtime-v1';
import Docker from 'dockerode';
import { OomLog } from '../runtime/oom-log.js';
import { type Config, socketPath } from './config.js';
import { Containers } from './container/containers.js';
import { limitedCapabilities } from './engine/capabilities.js';
import { EngineFactsSource } from './engine/facts.js';
import { OomScores, oomScoreFloor } from './engine/oom-score.js';
import { Semaphore } from './engine/semaphore.js';
import { ContainerEvents } from './events/container-events.js';
import { EngineEvents } from './events/engine-events.js';
import { StatusCache } from './events/status-cache.js';
import { HostPortApplier } from './host-ports/apply.js';
import { HostPorts } from './host-ports/host-ports.js';
import { ImageFilesystem } from './image/filesystem.js';
import { Images } from './image/images.js';
import { createImageService } from './image-service.js';
import { LogCopiers } from './logs/log-copiers.js';
import { PodNetwork } from './network/pod-network.js';
import { createRuntimeService, type RuntimeParts, type Statuses } from './runtime-service.js';
import { Sandboxes } from './sandbox/sandboxes.js';
import { Stats } from './stats/stats.js';
import { StreamingServer } from './streaming/server.js';
import { StreamingCalls } from './streaming-calls.js';

export type ShimContext = Pick<ServiceContext, 'logger' | 'clock' | 'signal'>;

/** Serves until the signal aborts. */
export async function run(config: Config, context: ShimContext): Promise<void> {
  const shim = await startShim(config, context);
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await shim.close();
}

export interface Shim {
  close(): Promise<void>;
}

/** Resolves when the CRI socket answers; the engine may come later. */
export async function startShim(config: Config, { logger, clock, signal }: ShimContext): Promise<Shim> {
  const docker = new Docker({ socketPath: socketPath(config['docker-endpoint']) });
  const images = new Images({
    docker,
    clock,
    progressDeadlineMs: config['image-pull-progress-deadline'],
    pinned: config['pod-sandbox-image'],
  });
  const server = new StreamingServer({
    address: config['streaming-address'],
    port: config['streaming-port'],
    clock,
    logger,
  });
  // Events come to the parts, which ask for what events told.
  const late: { events?: EngineEvents } = {};
  const containersOf = (sandboxId: string): string[] => late.events?.containersOf(sandboxId) ?? [];
  const parts = createParts(config, { docker, images, server, logger, clock, containersOf });
  const imageService = createImageService(images, new ImageFilesystem({ docker, facts: parts.facts, clock }));
  await server.listen();
  const cri = await serveCri(socketPath(config.listen), { runtime: createRuntimeService(parts), image: imageService });
  const stop = new AbortController();
  late.events = createEngineEvents(config, parts, { docker, images, logger, clock });
  const following = late.events.run(AbortSignal.any([stop.signal, signal]));
  logger.info('Serving the container runtime interface', { listen: config.listen, engine: config['docker-endpoint'] });
  return { close: () => closeShim(stop, cri, server, parts, following) };
}

async function closeShim(
  stop: AbortController,
  cri: CriServer,
  server: StreamingServer,
  parts: RuntimeParts,
  following: Promise<void>,
): Promise<void> {
  stop.abort();
  await cri.close();
  await server.close();
  await parts.logs.close();
  await following;
}

interface Tools extends Pick<ShimContext, 'logger' | 'clock'> {
  docker: Docker;
  images: Images;
}

function createParts(
  config: Config,
  tools: Tools & { server: StreamingServer; containersOf(sandboxId: string): string[] },
): RuntimeParts {
  const { docker, images, server, logger, clock } = tools;
  const statuses: Statuses = {
    sandboxes: new StatusCache<PodSandboxStatusInput>(),
    containers: new StatusCache<ContainerStatusInput>(),
  };
  const facts = new EngineFactsSource(docker);
  const starts = new Semaphore(config['max-parallel-starts']);
  const oomScores = new OomScores(oomScoreFloor(), logger);
  const cgroupParent = config['cgroup-parent'];
  const logs = new LogCopiers({ docker, facts, clock, logger });
  const network = new PodNetwork({
    docker,
    facts,
    clock,
    logger,
    configFile: config['engine-config-file'],
    restartCommand: config['engine-restart-command'],
  });
  const shared = { docker, facts, cgroupParent, oomScores, starts, logger };
  const hostPorts = new HostPorts({
    applier: new HostPortApplier(logger),
    running: () => sandboxes.withHostPorts(),
    bridge: () => network.bridgeInterface(),
    logger,
  });
  const sandboxes: Sandboxes = new Sandboxes({
    ...shared,
    hostPorts,
    image: config['pod-sandbox-image'],
    publishHostPorts: config['publish-host-ports'],
    statuses: statuses.sandboxes,
    containerChanged: (id) => statuses.containers.forget(id),
    requireNetwork: () => network.require(),
    ensureImage: (image) => images.ensure(image),
  });
  const containers = new Containers({
    limitedCapabilities: limitedCapabilities(),
    oomLog: new OomLog(),
    ...shared,
    logs,
    statuses: statuses.containers,
    identifyImage: (imageId) => images.identify(imageId),
  });
  const stats = new Stats({ docker, facts, clock, sandboxes, containers });
  const events = new ContainerEvents({
    logger,
    describePod: (id) => describePod(id, tools.containersOf(id), sandboxes, containers),
  });
  const runDirectory = join(config['root-dir'], 'run');
  const streaming = new StreamingCalls({ docker, clock, logger, containers, sandboxes, server, runDirectory });
  return { facts, network, hostPorts, sandboxes, containers, logs, stats, statuses, events, streaming };
}

/** The sandbox and its containers as they are now; a sandbox that is gone leaves only what remains. */
async function describePod(
  sandboxId: string,
  containerIds: readonly string[],
  sandboxes: Sandboxes,
  containers: Containers,
): Promise<Pick<ContainerEventResponseInput, 'podSandboxStatus' | 'containersStatuses'>> {
  const [status, statuses] = await Promise.all([
    sandboxes.status(sandboxId).catch(() => undefined),
    Promise.allSettled(containerIds.map((id) => containers.status(id))),
  ]);
  return {
    podSandboxStatus: status,
    containersStatuses: statuses.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
  };
}

function createEngineEvents(
  config: Config,
  parts: RuntimeParts,
  { docker, images, logger, clock }: Tools,
): EngineEvents {
  return new EngineEvents({
    docker,
    clock,
    logger,
    relistPeriodMs: config['relist-period'],
    onChange: (change) => {
      if (change.type === 'CONTAINER_STOPPED_EVENT') {
        parts.logs.finish(change.id);
        // A sandbox that was killed by somebody else.
        void parts.hostPorts.release(change.id);
      }
      if (change.type === 'CONTAINER_DELETED_EVENT') parts.stats.forget(change.id);
      parts.events.publish(change);
    },
    onTouched: (id) => {
      parts.statuses.sandboxes.forget(id);
      parts.statuses.containers.forget(id);
    },
    onFollowing: (following) => {
      parts.statuses.sandboxes.follow(following);
      parts.statuses.containers.follow(following);
    },
    onImageChange: () => {
      images.forgetIdentities();
      // A container's status names its image.
      parts.statuses.containers.forgetAll();
    },
    onConnected: () => {
      parts.facts.forget();
      images.forgetIdentities();
      parts.network.adopt().catch((error: unknown) => logger.warn('The pod network could not be checked', { error }));
      parts.hostPorts.adopt().catch((error: unknown) => logger.warn('Host ports could not be taken over', { error }));
      parts.logs.adopt().catch((error: unknown) => logger.warn('Container logs could not be taken over', { error }));
    },
  });
}
