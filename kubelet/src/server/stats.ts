import type { Pod, PodStatus } from '@kubelab/api/types';
import { formatTime } from '@kubelab/apimachinery/time';
import { type Clock, timestamp } from '@kubelab/component/clock';
import { isCriError } from '@kubelab/proto/cri-error';
import type {
  ContainerStats,
  CpuUsage,
  FilesystemUsage,
  MemoryUsage,
  PodSandboxStats,
  RuntimeServiceClient,
} from '@kubelab/proto/generated/runtime-v1';
import type { PodFiles, Size } from '../eviction/pod-consumption.js';
import type { DiskUsage } from '../node/machine.js';
import { containerNameLabel, podNameLabel, podNamespaceLabel, podUidLabel } from '../runtime/labels.js';

export interface NodeUsage {
  /** Since the node's cgroup began, nanoseconds. */
  cpuNanoseconds: number;
  memoryUsage: number;
  memoryWorkingSet: number;
  memoryRss: number;
  memoryCapacity: number;
  /** Receive and transmit bytes of the node's own interface. */
  network: { name: string; rxBytes: number; rxErrors: number; txBytes: number; txErrors: number } | undefined;
}

export interface StatsReaderOptions {
  runtime: Pick<
    RuntimeServiceClient,
    'listPodSandboxStats' | 'listContainerStats' | 'listPodSandbox' | 'podSandboxStats'
  >;
  nodeName: string;
  pods(): Pod[];
  node(): Promise<NodeUsage>;
  disk(): Promise<DiskUsage>;
  files(pod: Pod): Promise<PodFiles>;
  /** Processes of the node, and how many there may be. */
  pids(): { used: number; limit: number };
  clock: Clock;
  /** RFC 3339. */
  startTime: string;
}

export interface PodUsage {
  uid: string;
  name: string;
  namespace: string;
  containers: ContainerStats[];
  whole: PodSandboxStats | undefined;
}

const timeoutMs = 30_000;

/** What pods and node use, as the summary API and the resource metrics tell it. */
export class StatsReader {
  readonly #options: StatsReaderOptions;
  /** Which of the runtime's answers can be had. */
  #source: 'list' | 'pods' | 'containers' = 'list';
  #lastCpu: { at: number; nanoseconds: number; rate: number } | undefined;

  constructor(options: StatsReaderOptions) {
    this.#options = options;
  }

  async summary(): Promise<unknown> {
    const { nodeName, clock, startTime, pods } = this.#options;
    const [usage, disk, podUsage] = await Promise.all([this.#options.node(), this.#options.disk(), this.podUsage()]);
    const time = timestamp(clock);
    const fs = fileSystem(disk, time);
    const byUid = new Map(pods().map((pod) => [pod.metadata.uid, pod]));
    const pids = this.#options.pids();
    const summaries: unknown[] = [];
    for (const item of podUsage) {
      const pod = byUid.get(item.uid);
      const files = pod ? await this.#options.files(pod) : { logs: new Map(), volumes: new Map() };
      summaries.push(podSummary(item, { pod, files, disk, time }));
    }
    return {
      node: {
        nodeName,
        startTime,
        cpu: { time, usageNanoCores: this.#rate(usage.cpuNanoseconds), usageCoreNanoSeconds: usage.cpuNanoseconds },
        memory: {
          time,
          availableBytes: Math.max(0, usage.memoryCapacity - usage.memoryWorkingSet),
          usageBytes: usage.memoryUsage,
          workingSetBytes: usage.memoryWorkingSet,
          rssBytes: usage.memoryRss,
        },
        ...(usage.network ? { network: { time, ...usage.network, interfaces: [usage.network] } } : {}),
        fs,
        runtime: { imageFs: fs, containerFs: fs },
        rlimit: { time, maxpid: pids.limit, curproc: pids.used },
      },
      pods: summaries,
    };
  }

  /** Nanocores since the last time somebody asked. */
  #rate(nanoseconds: number): number {
    const at = this.#options.clock.now();
    const last = this.#lastCpu;
    if (last && at - last.at < 1000) return last.rate;
    const rate = last ? Math.max(0, Math.round(((nanoseconds - last.nanoseconds) / (at - last.at)) * 1000)) : 0;
    this.#lastCpu = { at, nanoseconds, rate };
    return rate;
  }

  /** As the runtime tells it. */
  async podUsage(): Promise<PodUsage[]> {
    const { runtime } = this.#options;
    if (this.#source === 'list') {
      try {
        const { stats } = await runtime.listPodSandboxStats({}, { timeoutMs });
        return stats.map(wholeUsage);
      } catch (error) {
        if (isCriError(error, 'UNIMPLEMENTED')) this.#source = 'containers';
        else return this.#onePodAtATime();
      }
    }
    return this.#source === 'pods' ? this.#onePodAtATime() : this.#byContainers();
  }

  /** containerd 1.6 fails the whole list when one pod has ended or has no cgroup; so does asking it for that pod alone, and for that only. */
  async #onePodAtATime(): Promise<PodUsage[]> {
    const { runtime } = this.#options;
    const { items } = await runtime.listPodSandbox({ filter: { state: { state: 'SANDBOX_READY' } } }, { timeoutMs });
    // It answers, so it was the list that it could not make: that is not tried again.
    this.#source = 'pods';
    const found = await Promise.all(items.map(({ id }) => this.#statsOf(id)));
    const pods = found.filter((stats) => stats !== undefined).map(wholeUsage);
    if (pods.length === items.length) return pods;
    const known = new Set(pods.map(({ uid }) => uid));
    return [...pods, ...(await this.#byContainers()).filter(({ uid }) => !known.has(uid))];
  }

  async #statsOf(podSandboxId: string): Promise<PodSandboxStats | undefined> {
    try {
      return (await this.#options.runtime.podSandboxStats({ podSandboxId }, { timeoutMs })).stats ?? undefined;
    } catch (error) {
      if (isCriError(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED')) throw error;
      return undefined;
    }
  }

  async #byContainers(): Promise<PodUsage[]> {
    const { stats } = await this.#options.runtime.listContainerStats({}, { timeoutMs });
    const pods = new Map<string, PodUsage>();
    for (const container of stats) {
      const known = identity(container.attributes?.labels ?? {});
      const pod = pods.get(known.uid) ?? { ...known, containers: [], whole: undefined };
      pod.containers.push(container);
      pods.set(known.uid, pod);
    }
    return [...pods.values()];
  }

  /** Prometheus text of /metrics/resource: what a metrics server reads. */
  async resourceMetrics(): Promise<string> {
    const [usage, pods] = await Promise.all([this.#options.node(), this.podUsage()]);
    const text = new MetricText();
    const known = new Map(this.#options.pods().map((pod) => [pod.metadata.uid, pod]));
    const cpuHelp = 'Cumulative cpu time consumed by the container in core-seconds';
    const memoryHelp = 'Current working set of the container in bytes';
    for (const pod of pods) {
      for (const container of pod.containers) {
        const labels = { container: nameOf(container), namespace: pod.namespace, pod: pod.name };
        text.add('container_cpu_usage_seconds_total', 'counter', cpuHelp, labels, cpuSeconds(container.cpu));
        text.add(
          'container_memory_working_set_bytes',
          'gauge',
          memoryHelp,
          labels,
          container.memory?.workingSetBytes?.value,
        );
        const status = statusesOf(known.get(pod.uid)).find(({ name }) => name === labels.container);
        const startedAt = status?.state?.running?.startedAt;
        text.add(
          'container_start_time_seconds',
          'gauge',
          'Start time of the container since unix epoch in seconds',
          labels,
          startedAt === undefined ? undefined : Date.parse(startedAt) / 1000,
        );
      }
      const labels = { namespace: pod.namespace, pod: pod.name };
      const cpu = pod.whole?.linux?.cpu;
      const total = cpu ? cpuSeconds(cpu) : sum(pod.containers.map((item) => cpuSeconds(item.cpu)));
      const memory =
        pod.whole?.linux?.memory?.workingSetBytes?.value ??
        sum(pod.containers.map((item) => item.memory?.workingSetBytes?.value));
      text.add(
        'pod_cpu_usage_seconds_total',
        'counter',
        'Cumulative cpu time consumed by the pod in core-seconds',
        labels,
        total,
      );
      text.add('pod_memory_working_set_bytes', 'gauge', 'Current working set of the pod in bytes', labels, memory);
    }
    text.add(
      'node_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the node in core-seconds',
      {},
      usage.cpuNanoseconds / 1e9,
    );
    text.add(
      'node_memory_working_set_bytes',
      'gauge',
      'Current working set of the node in bytes',
      {},
      usage.memoryWorkingSet,
    );
    text.add(
      'resource_scrape_error',
      'gauge',
      '1 if there was an error while getting container metrics, 0 otherwise',
      {},
      0,
    );
    return text.toString();
  }

  /** The few cAdvisor metrics that dashboards ask for most. */
  async cadvisorMetrics(): Promise<string> {
    const text = new MetricText();
    for (const pod of await this.podUsage()) {
      for (const container of pod.containers) {
        const labels = {
          container: nameOf(container),
          namespace: pod.namespace,
          pod: pod.name,
          id: container.attributes?.id ?? '',
        };
        text.add(
          'container_cpu_usage_seconds_total',
          'counter',
          'Cumulative cpu time consumed in seconds.',
          labels,
          cpuSeconds(container.cpu),
        );
        text.add(
          'container_memory_usage_bytes',
          'gauge',
          'Current memory usage in bytes, including all memory regardless of when it was accessed',
          labels,
          container.memory?.usageBytes?.value,
        );
        text.add(
          'container_memory_working_set_bytes',
          'gauge',
          'Current working set in bytes.',
          labels,
          container.memory?.workingSetBytes?.value,
        );
        text.add('container_memory_rss', 'gauge', 'Size of RSS in bytes.', labels, container.memory?.rssBytes?.value);
        text.add(
          'container_fs_usage_bytes',
          'gauge',
          'Number of bytes that are consumed by the container on this filesystem.',
          labels,
          container.writableLayer?.usedBytes?.value,
        );
      }
      const network = pod.whole?.linux?.network?.defaultInterface;
      const labels = { namespace: pod.namespace, pod: pod.name, interface: network?.name ?? '' };
      text.add(
        'container_network_receive_bytes_total',
        'counter',
        'Cumulative count of bytes received',
        labels,
        network?.rxBytes?.value,
      );
      text.add(
        'container_network_transmit_bytes_total',
        'counter',
        'Cumulative count of bytes transmitted',
        labels,
        network?.txBytes?.value,
      );
    }
    return text.toString();
  }
}

function wholeUsage(whole: PodSandboxStats): PodUsage {
  return { ...identity(whole.attributes?.labels ?? {}), containers: whole.linux?.containers ?? [], whole };
}

function identity(labels: Record<string, string>): { uid: string; name: string; namespace: string } {
  return {
    uid: labels[podUidLabel] ?? '',
    name: labels[podNameLabel] ?? '',
    namespace: labels[podNamespaceLabel] ?? '',
  };
}

function nameOf(container: ContainerStats): string {
  return container.attributes?.labels[containerNameLabel] ?? container.attributes?.metadata?.name ?? '';
}

function cpuSeconds(cpu: CpuUsage | null): number | undefined {
  const nanoseconds = cpu?.usageCoreNanoSeconds?.value;
  return nanoseconds === undefined ? undefined : nanoseconds / 1e9;
}

function sum(values: (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

interface SummaryContext {
  pod: Pod | undefined;
  files: PodFiles;
  disk: DiskUsage;
  time: string;
}

/** A part of the node's disk. */
function partOf(disk: DiskUsage, used: Size, time: string): Record<string, unknown> {
  return { ...(fileSystem(disk, time) as object), usedBytes: used.bytes, inodesUsed: used.inodes };
}

function volumeSummaries({ files, disk, time }: SummaryContext): unknown[] {
  return [...files.volumes].map(([name, size]) => ({ ...partOf(disk, size, time), name }));
}

/** Upstream's sum of writable layers, logs and volumes on the node's disk. */
function ephemeralStorage(usage: PodUsage, { files, disk, time }: SummaryContext): unknown {
  const layers = usage.containers.map(({ writableLayer }) => ({
    bytes: writableLayer?.usedBytes?.value ?? 0,
    inodes: writableLayer?.inodesUsed?.value ?? 0,
  }));
  const all = [...layers, ...files.logs.values(), ...files.volumes.values()];
  const total = { bytes: sum(all.map(({ bytes }) => bytes)), inodes: sum(all.map(({ inodes }) => inodes)) };
  return partOf(disk, total, time);
}

function statusesOf(pod: Pod | undefined): NonNullable<PodStatus['containerStatuses']> {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod?.status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

function podSummary(usage: PodUsage, context: SummaryContext): unknown {
  const { pod, files, disk, time } = context;
  const whole = usage.whole?.linux;
  const network = whole?.network?.defaultInterface;
  const interfaceStats = network && {
    name: network.name,
    rxBytes: network.rxBytes?.value ?? 0,
    rxErrors: network.rxErrors?.value ?? 0,
    txBytes: network.txBytes?.value ?? 0,
    txErrors: network.txErrors?.value ?? 0,
  };
  return {
    podRef: { name: usage.name, namespace: usage.namespace, uid: usage.uid },
    startTime: pod?.status?.startTime ?? null,
    containers: usage.containers.map((container) => ({
      name: nameOf(container),
      startTime: statusesOf(pod).find((item) => item.name === nameOf(container))?.state?.running?.startedAt ?? null,
      cpu: cpuSummary(container.cpu, time),
      memory: memorySummary(container.memory, time),
      rootfs: usedSummary(container.writableLayer, time),
      logs: partOf(disk, files.logs.get(nameOf(container)) ?? { bytes: 0, inodes: 0 }, time),
    })),
    cpu: whole?.cpu
      ? cpuSummary(whole.cpu, time)
      : {
          time,
          usageNanoCores: sum(usage.containers.map((item) => item.cpu?.usageNanoCores?.value)),
          usageCoreNanoSeconds: sum(usage.containers.map((item) => item.cpu?.usageCoreNanoSeconds?.value)),
        },
    memory: whole?.memory
      ? memorySummary(whole.memory, time)
      : {
          time,
          workingSetBytes: sum(usage.containers.map((item) => item.memory?.workingSetBytes?.value)),
          usageBytes: sum(usage.containers.map((item) => item.memory?.usageBytes?.value)),
        },
    ...(files.volumes.size > 0 ? { volume: volumeSummaries(context) } : {}),
    'ephemeral-storage': ephemeralStorage(usage, context),
    ...(interfaceStats ? { network: { time, ...interfaceStats, interfaces: [interfaceStats] } } : {}),
    ...(whole?.process?.processCount ? { process_stats: { process_count: whole.process.processCount.value } } : {}),
  };
}

function at(nanoseconds: number | undefined, otherwise: string): string {
  return nanoseconds ? formatTime(new Date(nanoseconds / 1e6)) : otherwise;
}

function cpuSummary(cpu: CpuUsage | null, time: string): unknown {
  return {
    time: at(cpu?.timestamp, time),
    ...(cpu?.usageNanoCores ? { usageNanoCores: cpu.usageNanoCores.value } : {}),
    usageCoreNanoSeconds: cpu?.usageCoreNanoSeconds?.value ?? 0,
  };
}

function memorySummary(memory: MemoryUsage | null, time: string): unknown {
  return {
    time: at(memory?.timestamp, time),
    ...(memory?.availableBytes?.value ? { availableBytes: memory.availableBytes.value } : {}),
    usageBytes: memory?.usageBytes?.value ?? 0,
    workingSetBytes: memory?.workingSetBytes?.value ?? 0,
    rssBytes: memory?.rssBytes?.value ?? 0,
    pageFaults: memory?.pageFaults?.value ?? 0,
    majorPageFaults: memory?.majorPageFaults?.value ?? 0,
  };
}

function usedSummary(usage: FilesystemUsage | null, time: string): unknown {
  return {
    time: at(usage?.timestamp, time),
    usedBytes: usage?.usedBytes?.value ?? 0,
    inodesUsed: usage?.inodesUsed?.value ?? 0,
  };
}

function fileSystem(disk: DiskUsage, time: string): unknown {
  return {
    time,
    availableBytes: disk.availableBytes,
    capacityBytes: disk.capacityBytes,
    usedBytes: disk.capacityBytes - disk.availableBytes,
    inodesFree: disk.inodesFree,
    inodes: disk.inodes,
    inodesUsed: disk.inodes - disk.inodesFree,
  };
}

/** Prometheus' text format, families in the order of their first use. */
class MetricText {
  readonly #families = new Map<string, string[]>();

  add(
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    labels: Record<string, string>,
    value: number | undefined,
  ): void {
    if (value === undefined) return;
    const lines = this.#families.get(name) ?? [`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`];
    const pairs = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`);
    lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`);
    this.#families.set(name, lines);
  }

  toString(): string {
    return `${[...this.#families.values()].flat().join('\n')}\n`;
  }
}
