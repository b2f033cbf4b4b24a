/** The sandbox half of the RuntimeService: one pause container per pod. */
import type { Logger } from '@kubelab/component/logger';
import { CriError, isCriError } from '@kubelab/proto/cri-error';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type Docker from 'dockerode';
import { createNamed, removeForced } from '../engine/create.js';
import { engineCall, engineCallTolerating, engineStatus } from '../engine/errors.js';
import type { EngineFactsSource } from '../engine/facts.js';
import { containerType, label, labelFilter, parseSandboxName, sandboxType } from '../engine/names.js';
import type { OomScores } from '../engine/oom-score.js';
import type { Semaphore } from '../engine/semaphore.js';
import { SharedLock } from '../engine/shared-lock.js';
import type { StatusCache } from '../events/status-cache.js';
import type { HostPorts } from '../host-ports/host-ports.js';
import { decodeHostPorts, type PublishedPod } from '../host-ports/plan.js';
import { planSandbox } from './plan.js';
import { reportListedSandbox, reportSandbox, sandboxAddress } from './report.js';

export interface SandboxesOptions {
  docker: Docker;
  facts: EngineFactsSource;
  image: string;
  cgroupParent: string;
  publishHostPorts: boolean;
  oomScores: OomScores;
  starts: Semaphore;
  logger: Logger;
  hostPorts: Pick<HostPorts, 'publish' | 'release'>;
  /** Of the sandboxes. */
  statuses: StatusCache<cri.PodSandboxStatusInput>;
  /** A container in a sandbox was stopped or removed with it. */
  containerChanged(id: string): void;
  /** Throws while pods cannot get an address. */
  requireNetwork(): void;
  ensureImage(image: string): Promise<void>;
}

export class Sandboxes {
  /**
   * A sandbox leaves the engine's network while no other one enters or leaves it. Engine 20.10 locks its networks in one order when it takes a sandbox out
   * and in another when it notes that one has come or gone; when both happen at once it hangs for good, and with it every container of the node.
   */
  private readonly network = new SharedLock();

  constructor(private readonly options: SandboxesOptions) {}

  /** Creates and starts the pause container. A sandbox that fails to start is taken away again; after a crash in between it stays listed as not ready. */
  async run(config: cri.PodSandboxConfig, runtimeHandler: string): Promise<string> {
    const { docker, facts, image, cgroupParent, publishHostPorts, oomScores, starts } = this.options;
    const { cgroupDriver, defaultRuntime } = await facts.get();
    if (runtimeHandler !== '' && runtimeHandler !== defaultRuntime)
      throw new CriError('UNKNOWN', `failed to get sandbox runtime: no runtime for "${runtimeHandler}" is configured`);
    if (config.linux?.securityContext?.namespaceOptions?.network !== 'NODE') this.options.requireNetwork();
    const clampOomScore = (wanted: number): number => oomScores.clamp(wanted);
    const plan = planSandbox(config, { image, cgroupParent, cgroupDriver, clampOomScore, publishHostPorts });
    const pod = `${config.metadata?.namespace}/${config.metadata?.name}`;
    const id = await engineCall(`create a sandbox for pod "${pod}"`, () => this.create(plan));
    try {
      await starts.run(() => this.network.share(() => docker.getContainer(id).start()));
      this.options.statuses.forget(id);
      if (plan.Labels?.[label.hostPorts]) await this.publishPorts(id);
    } catch (error) {
      await removeForced(docker, id).catch((cause: unknown) =>
        this.options.logger.warn('A sandbox that did not start could not be removed', { id, error: cause }),
      );
      await this.options.hostPorts.release(id);
      if (error instanceof CriError) throw error;
      return engineCall(`start sandbox container for pod "${pod}"`, () => Promise.reject(error));
    }
    return id;
  }

  private async publishPorts(id: string): Promise<void> {
    const published = publishedPod(await this.inspect(id));
    if (published) await this.options.hostPorts.publish(published);
  }

  /** Sandboxes that run and whose host ports are the shim's to program, oldest first. */
  async withHostPorts(): Promise<PublishedPod[]> {
    const { docker } = this.options;
    const filters = { ...labelFilter(sandboxType), status: ['running'] };
    const listed = await engineCall('list sandboxes', () => docker.listContainers({ all: true, filters }));
    const ids = listed
      .filter(({ Labels }) => Labels[label.hostPorts] !== undefined)
      .sort((a, b) => a.Created - b.Created)
      .map(({ Id }) => Id);
    const found = await Promise.allSettled(ids.map(async (id) => publishedPod(await this.inspect(id))));
    return found.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []));
  }

  /** The image is there but for the first time, so it is only looked for when the engine misses it. */
  private async create(plan: Docker.ContainerCreateOptions): Promise<string> {
    const { docker, image, logger, ensureImage } = this.options;
    try {
      return await createNamed(docker, plan, logger);
    } catch (error) {
      if (engineStatus(error) !== 404) throw error;
      await ensureImage(image);
      return await createNamed(docker, plan, logger);
    }
  }

  /** Kills whatever still runs in the sandbox, then the sandbox. Stopping a stopped or unknown sandbox succeeds. */
  async stop(id: string): Promise<void> {
    const containers = await this.containersOf(id, ['running', 'paused', 'restarting']);
    await Promise.all(containers.map((container) => this.kill(container.Id)));
    await this.options.hostPorts.release(id);
    await this.network.alone(() => this.kill(id));
  }

  /** Removes the sandbox's containers and the sandbox, whatever their state. Removing an unknown sandbox succeeds. */
  async remove(id: string): Promise<string[]> {
    const { docker } = this.options;
    const containers = await this.containersOf(id);
    await Promise.all(
      containers.map(async ({ Id }) => {
        await engineCall(`remove container "${Id}"`, () => removeForced(docker, Id));
        this.options.containerChanged(Id);
      }),
    );
    await this.options.hostPorts.release(id);
    if (await this.runs(id)) await this.network.alone(() => this.kill(id));
    await engineCall(`remove sandbox "${id}"`, () => removeForced(docker, id));
    this.options.statuses.forget(id);
    return containers.map((container) => container.Id);
  }

  private async runs(id: string): Promise<boolean> {
    try {
      return (await this.status(id)).state === 'SANDBOX_READY';
    } catch (error) {
      if (isCriError(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }

  status(id: string): Promise<cri.PodSandboxStatusInput> {
    return this.options.statuses.get(id, async () => reportSandbox(await this.inspect(id)));
  }

  async inspect(id: string): Promise<Docker.ContainerInspectInfo> {
    const info = await engineCall(`get the status of sandbox "${id}"`, () =>
      this.options.docker.getContainer(id).inspect(),
    );
    if (info.Config.Labels?.[label.type] !== sandboxType) throw new CriError('NOT_FOUND', `no sandbox with ID "${id}"`);
    return info;
  }

  async list(filter: cri.PodSandboxFilter | null): Promise<cri.PodSandboxInput[]> {
    const listed = await engineCall('list sandboxes', () =>
      this.options.docker.listContainers({ all: true, filters: labelFilter(sandboxType, filter?.labelSelector) }),
    );
    return listed
      .flatMap((info) => reportListedSandbox(info) ?? [])
      .filter((sandbox) => !filter?.id || sandbox.id?.startsWith(filter.id))
      .filter((sandbox) => !filter?.state || sandbox.state === filter.state.state);
  }

  private async containersOf(id: string, status?: string[]): Promise<Docker.ContainerInfo[]> {
    const filters = { ...labelFilter(containerType, { [label.sandboxId]: id }), ...(status ? { status } : {}) };
    return engineCall(`list the containers of sandbox "${id}"`, () =>
      this.options.docker.listContainers({ all: true, filters }),
    );
  }

  private async kill(id: string): Promise<void> {
    // 404: gone; 409: not running.
    await engineCallTolerating(`stop "${id}"`, [404, 409], () => this.options.docker.getContainer(id).kill());
    this.options.statuses.forget(id);
    this.options.containerChanged(id);
  }
}

function publishedPod(info: Docker.ContainerInspectInfo): PublishedPod | undefined {
  const ports = decodeHostPorts(info.Config.Labels?.[label.hostPorts]);
  const ip = sandboxAddress(info);
  const metadata = parseSandboxName(info.Name);
  if (ports.length === 0 || ip === '' || !metadata) return undefined;
  return { sandboxId: info.Id, pod: `${metadata.name}_${metadata.namespace}`, ip, ports };
}
