/** The container half of the RuntimeService. */

import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { Logger } from '@kubelab/component/logger';
import { CriError } from '@kubelab/proto/cri-error';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type Docker from 'dockerode';
import type { OomLog } from '../../runtime/oom-log.js';
import { createNamed, removeForced } from '../engine/create.js';
import { engineCall, engineCallTolerating } from '../engine/errors.js';
import type { EngineFactsSource } from '../engine/facts.js';
import { containerType, label, labelFilter } from '../engine/names.js';
import type { OomScores } from '../engine/oom-score.js';
import type { Semaphore } from '../engine/semaphore.js';
import { nanoseconds } from '../engine/time.js';
import type { StatusCache } from '../events/status-cache.js';
import type { LogCopiers } from '../logs/log-copiers.js';
import { cgroupParentOf } from '../sandbox/plan.js';
import { planContainer } from './plan.js';
import { type ImageIdentity, reportContainer, reportListedContainer } from './report.js';
import { planResources } from './resources.js';

/** How long a status waits for the last lines of an ended container to reach its log. */
const logDrainMs = 1000;
/** Exit code of a process that got KILL. */
const killedCode = 137;

export interface ContainersOptions {
  docker: Docker;
  facts: EngineFactsSource;
  cgroupParent: string;
  oomScores: OomScores;
  /** See {@link SecurityOptions}. */
  limitedCapabilities: readonly string[] | undefined;
  starts: Semaphore;
  logs: LogCopiers;
  oomLog: OomLog;
  statuses: StatusCache<cri.ContainerStatusInput>;
  logger: Logger;
  identifyImage(imageId: string): Promise<ImageIdentity>;
}

export class Containers {
  constructor(private readonly options: ContainersOptions) {}

  async create(
    sandboxId: string,
    config: cri.ContainerConfig | null,
    pod: cri.PodSandboxConfig | null,
  ): Promise<string> {
    const { docker, facts, oomScores, logger } = this.options;
    if (!config || !pod) throw new CriError('INVALID_ARGUMENT', 'config and sandbox_config are required');
    const { securityModules, cgroupDriver } = await facts.get();
    const plan = planContainer(config, pod, {
      sandboxId,
      cgroupParent: cgroupParentOf(pod, { cgroupParent: this.options.cgroupParent, cgroupDriver }),
      engineModules: securityModules,
      limitedCapabilities: this.options.limitedCapabilities,
      readFile: (path) => readFileSync(path, 'utf8'),
      clampOomScore: (wanted) => oomScores.clamp(wanted),
    });
    await createMissingSources(config.mounts);
    return engineCall(`create container "${config.metadata?.name}"`, () => createNamed(docker, plan, logger));
  }

  /** A container that ran before stays as it is: the CRI has no restart. */
  async start(id: string): Promise<void> {
    const { docker, starts, logs } = this.options;
    const { Config, State } = await this.inspect(id);
    if (State.Running || nanoseconds(State.FinishedAt) !== 0) {
      throw new CriError('FAILED_PRECONDITION', `container is in state ${State.Status}, cannot be started (${id})`);
    }
    await this.changing(id, () =>
      engineCall(`start container "${id}"`, () => starts.run(() => docker.getContainer(id).start())),
    );
    await logs.follow(id, Config.Labels[label.logPath] ?? '');
  }

  /** SIGKILL after `timeoutSeconds`, at once for 0. Stopping a stopped or unknown container succeeds. */
  async stop(id: string, timeoutSeconds: number): Promise<void> {
    const container = this.options.docker.getContainer(id);
    // 304: not running, 404: gone, 409: not running (kill).
    await this.changing(id, () =>
      engineCallTolerating(`stop container "${id}"`, [304, 404, 409], () =>
        timeoutSeconds > 0 ? container.stop({ t: timeoutSeconds }) : container.kill(),
      ),
    );
  }

  /** Removes the container whatever its state; its log file stays. */
  async remove(id: string): Promise<void> {
    await this.changing(id, () => engineCall(`remove container "${id}"`, () => removeForced(this.options.docker, id)));
    await this.options.logs.forget(id);
  }

  status(id: string): Promise<cri.ContainerStatusInput> {
    return this.options.statuses.get(id, () => this.readStatus(id));
  }

  private async readStatus(id: string): Promise<cri.ContainerStatusInput> {
    const info = await this.inspect(id);
    if (!info.State.Running) await this.options.logs.drained(id, logDrainMs);
    const { Running, OOMKilled, ExitCode } = info.State;
    const oomKilled = !Running && !OOMKilled && ExitCode === killedCode && this.options.oomLog.hasKilled(info.Id);
    return reportContainer(info, await this.options.identifyImage(info.Image), oomKilled);
  }

  /** NOT_FOUND for anything that is not a container of a pod, sandboxes included. */
  async inspect(id: string): Promise<Docker.ContainerInspectInfo> {
    const info = await engineCall(`get the status of container "${id}"`, () =>
      this.options.docker.getContainer(id).inspect(),
    );
    if (info.Config.Labels?.[label.type] !== containerType)
      throw new CriError('NOT_FOUND', `no container with ID "${id}"`);
    return info;
  }

  /** As inspect, for calls that need a running container. */
  async requireRunning(id: string): Promise<Docker.ContainerInspectInfo> {
    const info = await this.inspect(id);
    if (!info.State.Running) throw new CriError('FAILED_PRECONDITION', `container not running (${id})`);
    return info;
  }

  async list(filter: cri.ContainerFilter | null): Promise<cri.ContainerInput[]> {
    const labels = {
      ...filter?.labelSelector,
      ...(filter?.podSandboxId ? { [label.sandboxId]: filter.podSandboxId } : {}),
    };
    const listed = await engineCall('list containers', () =>
      this.options.docker.listContainers({ all: true, filters: labelFilter(containerType, labels) }),
    );
    const containers = await Promise.all(
      listed.map(async (info) => reportListedContainer(info, await this.options.identifyImage(info.ImageID))),
    );
    return containers
      .flatMap((container) => container ?? [])
      .filter((container) => !filter?.id || container.id?.startsWith(filter.id))
      .filter((container) => !filter?.state || container.state === filter.state.state);
  }

  async updateResources(id: string, resources: cri.LinuxContainerResources | null): Promise<void> {
    if (!resources) throw new CriError('INVALID_ARGUMENT', 'linux resources are required');
    await this.changing(id, () =>
      engineCall(`update the resources of container "${id}"`, () =>
        this.options.docker.getContainer(id).update(planResources(resources)),
      ),
    );
  }

  /** Whoever asks after the call, even before the engine's event of it is here, sees what it did. */
  private async changing<T>(id: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } finally {
      this.options.statuses.forget(id);
    }
  }
}

/** As other runtimes do: a directory is made for a source that does not exist. */
async function createMissingSources(mounts: readonly cri.Mount[]): Promise<void> {
  for (const { hostPath } of mounts) {
    try {
      await mkdir(hostPath, { recursive: true });
    } catch (error) {
      // A file or a device node is as good a source as a directory.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new CriError('UNKNOWN', `failed to create the mount source ${hostPath}: ${String(error)}`, {
        cause: error,
      });
    }
  }
}
