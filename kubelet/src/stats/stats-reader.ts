import type { Pod } from '@kubelab/api/types';
import { type Clock, timestamp } from '@kubelab/component/clock';
import type { DiskUsage } from '../node/machine.js';
import type { NodeUsage } from '../node/node-usage.js';
import { cadvisorMetrics } from './cadvisor-metrics.js';
import { nodeSummary } from './node-summary.js';
import type { PodFiles } from './pod-files.js';
import { podSummary } from './pod-summary.js';
import { type PodUsage, PodUsageReader, type StatsRuntime } from './pod-usage.js';
import { resourceMetrics } from './resource-metrics.js';

export interface StatsReaderOptions {
  runtime: StatsRuntime;
  nodeName: string;
  pods(): Pod[];
  node(): Promise<NodeUsage>;
  /** All pods together; undefined where they have no cgroup of their own. */
  podsTogether(): Promise<NodeUsage | undefined>;
  disk(): Promise<DiskUsage>;
  files(pod: Pod): Promise<PodFiles>;
  /** Processes of the node, and how many there may be. */
  pids(): { used: number; limit: number };
  clock: Clock;
  /** RFC 3339. */
  startTime: string;
}

/** What pods and node use, as the summary API and the resource metrics tell it. */
export class StatsReader {
  readonly #options: StatsReaderOptions;
  readonly #pods: PodUsageReader;
  #lastCpu: { at: number; nanoseconds: number; rate: number } | undefined;

  constructor(options: StatsReaderOptions) {
    this.#options = options;
    this.#pods = new PodUsageReader(options.runtime);
  }

  async summary(): Promise<unknown> {
    const { nodeName, clock, startTime } = this.#options;
    const [usage, pods, disk, podUsage] = await Promise.all([
      this.#options.node(),
      this.#options.podsTogether(),
      this.#options.disk(),
      this.podUsage(),
    ]);
    const time = timestamp(clock);
    const pids = this.#options.pids();
    const cpuRate = this.#rate(usage.cpuNanoseconds);
    return {
      node: nodeSummary({ nodeName, usage, pods, disk, pids, cpuRate, startTime, time }),
      pods: await this.#podSummaries(podUsage, disk, time),
    };
  }

  async #podSummaries(usage: readonly PodUsage[], disk: DiskUsage, time: string): Promise<unknown[]> {
    const byUid = new Map(this.#options.pods().map((pod) => [pod.metadata.uid, pod]));
    const summaries: unknown[] = [];
    for (const item of usage) {
      const pod = byUid.get(item.uid);
      const files = pod ? await this.#options.files(pod) : { logs: new Map(), volumes: [] };
      summaries.push(podSummary(item, { pod, files, disk, time }));
    }
    return summaries;
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

  podUsage(): Promise<PodUsage[]> {
    return this.#pods.read();
  }

  async resourceMetrics(): Promise<string> {
    const [node, usage] = await Promise.all([this.#options.node(), this.podUsage()]);
    return resourceMetrics(node, usage, this.#options.pods());
  }

  async cadvisorMetrics(): Promise<string> {
    return cadvisorMetrics(await this.podUsage());
  }
}
