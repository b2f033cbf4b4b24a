/** CPU, memory, network and disk use of containers and pods. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '@kubelab/component/clock';
import { CriError } from '@kubelab/proto/cri-error';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type Docker from 'dockerode';
import type { Containers } from '../container/containers.js';
import { engineCall } from '../engine/errors.js';
import type { EngineFactsSource } from '../engine/facts.js';
import { decodeLabels, parseContainerName } from '../engine/names.js';
import { Semaphore } from '../engine/semaphore.js';
import type { Sandboxes } from '../sandbox/sandboxes.js';
import { cpuUsage, type EngineStats, memoryUsage, nanoCores, networkInterfaces, sumUsage } from './usage.js';
import { WritableLayers } from './writable-layer.js';

export interface StatsOptions {
  docker: Docker;
  facts: EngineFactsSource;
  clock: Clock;
  sandboxes: Sandboxes;
  containers: Containers;
}

interface Reading {
  cpu: cri.CpuUsageInput;
  memory: cri.MemoryUsageInput;
}

/** Reading one container's cgroups takes the engine some milliseconds. */
const parallelReadings = 4;

export class Stats {
  private readonly readings = new Semaphore(parallelReadings);
  private readonly layers: WritableLayers;
  /** The last CPU reading of each container, for the rate. */
  private readonly previous = new Map<string, cri.CpuUsageInput>();
  /** Processes of each container at its last reading. */
  private readonly processes = new Map<string, number>();

  constructor(private readonly options: StatsOptions) {
    this.layers = new WritableLayers(options.clock);
  }

  async container(id: string): Promise<cri.ContainerStatsInput> {
    const info = await this.options.containers.inspect(id);
    const { labels, annotations } = decodeLabels(info.Config.Labels);
    const reading = info.State.Running ? await this.read(id) : undefined;
    return {
      attributes: { id, metadata: parseContainerName(info.Name), labels, annotations },
      ...reading,
      writableLayer: await this.writableLayer(info),
    };
  }

  async listContainers(filter: cri.ContainerStatsFilter | null): Promise<cri.ContainerStatsInput[]> {
    const listed = await this.options.containers.list({
      id: filter?.id ?? '',
      podSandboxId: filter?.podSandboxId ?? '',
      labelSelector: filter?.labelSelector ?? {},
      state: { state: 'CONTAINER_RUNNING' },
    });
    return this.settled(listed.map(({ id = '' }) => this.container(id ?? '')));
  }

  async sandbox(id: string): Promise<cri.PodSandboxStatsInput> {
    const info = await this.options.sandboxes.inspect(id);
    const status = await this.options.sandboxes.status(id);
    const containers = await this.listContainers({ id: '', podSandboxId: id, labelSelector: {} });
    const own = info.State.Running ? await this.read(id) : undefined;
    const parts = [own, ...containers].flatMap((part) =>
      part?.cpu && part.memory ? { cpu: part.cpu, memory: part.memory } : [],
    );
    const usage = sumUsage(parts);
    return {
      attributes: { id, metadata: status.metadata, labels: status.labels, annotations: status.annotations },
      linux: {
        ...usage,
        containers,
        network: await this.network(info),
        process: {
          timestamp: usage.cpu.timestamp,
          processCount: {
            value: this.processCount([id, ...containers.flatMap(({ attributes }) => attributes?.id ?? [])]),
          },
        },
      },
    };
  }

  async listSandboxes(filter: cri.PodSandboxStatsFilter | null): Promise<cri.PodSandboxStatsInput[]> {
    const listed = await this.options.sandboxes.list({
      id: filter?.id ?? '',
      labelSelector: filter?.labelSelector ?? {},
      state: { state: 'SANDBOX_READY' },
    });
    return this.settled(listed.map(({ id }) => this.sandbox(id ?? '')));
  }

  /** Drops what is remembered of a container that is gone. */
  forget(id: string): void {
    this.previous.delete(id);
    this.processes.delete(id);
  }

  private async read(id: string): Promise<Reading> {
    const stats = await this.readings.run(() =>
      engineCall(`get the statistics of container "${id}"`, () =>
        this.options.docker.getContainer(id).stats({ stream: false, 'one-shot': true }),
      ),
    );
    const engineStats = stats as unknown as EngineStats;
    const cpu = cpuUsage(engineStats);
    const before = this.previous.get(id);
    const rate = before && nanoCores(before, cpu);
    this.previous.set(id, cpu);
    this.processes.set(id, engineStats.pids_stats?.current ?? 0);
    return {
      cpu: rate === undefined ? cpu : { ...cpu, usageNanoCores: { value: rate } },
      memory: memoryUsage(engineStats),
    };
  }

  private async writableLayer(info: Docker.ContainerInspectInfo): Promise<cri.FilesystemUsageInput | undefined> {
    const directory = (info.GraphDriver?.Data as { UpperDir?: string } | undefined)?.UpperDir;
    if (!directory) return undefined;
    const { rootDir } = await this.options.facts.get();
    return { fsId: { mountpoint: rootDir }, ...this.layers.usage(directory) };
  }

  private async network(info: Docker.ContainerInspectInfo): Promise<cri.NetworkUsageInput | undefined> {
    if (!info.State.Running || info.HostConfig.NetworkMode === 'host') return undefined;
    const interfaces = networkInterfaces(await readFile(`/proc/${info.State.Pid}/net/dev`, 'utf8'));
    const main = interfaces.find(({ name }) => name === 'eth0') ?? interfaces[0];
    return { timestamp: this.options.clock.now() * 1e6, defaultInterface: main, interfaces };
  }

  private processCount(ids: readonly string[]): number {
    return ids.reduce((sum, id) => sum + (this.processes.get(id) ?? 0), 0);
  }

  /** What ended while it was read is left out; any other failure counts. */
  private async settled<T>(readings: Promise<T>[]): Promise<T[]> {
    const results = await Promise.allSettled(readings);
    return results.flatMap((result) => {
      if (result.status === 'fulfilled') return [result.value];
      const error: unknown = result.reason;
      if (error instanceof CriError && error.code !== 'NOT_FOUND' && error.code !== 'FAILED_PRECONDITION') throw error;
      return [];
    });
  }
}
