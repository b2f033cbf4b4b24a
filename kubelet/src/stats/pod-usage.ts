/** What pods use, as the runtime tells it. */
import { isCriError } from '@kubelab/proto/cri-error';
import type {
  ContainerStats,
  CpuUsage,
  PodSandboxStats,
  RuntimeServiceClient,
} from '@kubelab/proto/generated/runtime-v1';
import { containerNameLabel, podNameLabel, podNamespaceLabel, podUidLabel } from '../runtime/labels.js';

export interface PodUsage {
  uid: string;
  name: string;
  namespace: string;
  containers: ContainerStats[];
  whole: PodSandboxStats | undefined;
}

export type StatsRuntime = Pick<
  RuntimeServiceClient,
  'listPodSandboxStats' | 'listContainerStats' | 'listPodSandbox' | 'podSandboxStats'
>;

const timeoutMs = 30_000;

export class PodUsageReader {
  readonly #runtime: StatsRuntime;
  /** Which of the runtime's answers can be had. */
  #source: 'list' | 'pods' | 'containers' = 'list';

  constructor(runtime: StatsRuntime) {
    this.#runtime = runtime;
  }

  async read(): Promise<PodUsage[]> {
    const runtime = this.#runtime;
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
    const runtime = this.#runtime;
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
      return (await this.#runtime.podSandboxStats({ podSandboxId }, { timeoutMs })).stats ?? undefined;
    } catch (error) {
      if (isCriError(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED')) throw error;
      return undefined;
    }
  }

  async #byContainers(): Promise<PodUsage[]> {
    const { stats } = await this.#runtime.listContainerStats({}, { timeoutMs });
    const pods = new Map<string, PodUsage>();
    for (const container of stats) {
      const known = identity(container.attributes?.labels ?? {});
      const pod = pods.get(known.uid) ?? { ...known, containers: [], whole: undefined };
      pod.containers.push(container);
      pods.set(known.uid, pod);
    }
    return [...pods.values()];
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

export function containerNameOf(container: ContainerStats): string {
  return container.attributes?.labels[containerNameLabel] ?? container.attributes?.metadata?.name ?? '';
}

export function cpuSeconds(cpu: CpuUsage | null): number | undefined {
  const nanoseconds = cpu?.usageCoreNanoSeconds?.value;
  return nanoseconds === undefined ? undefined : nanoseconds / 1e9;
}

export function sum(values: (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
