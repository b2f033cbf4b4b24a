import type { Pod } from '@kubelab/api/types';
import type { LinuxContainerResourcesInput } from '@kubelab/proto/generated/runtime-v1';
import type { ContainerSpec } from '../pods/pod.js';
import { amountOf, bytesOf, milliOf } from './amounts.js';
import { oomScoreOf } from './qos.js';

const cfsPeriodUs = 100_000;
const minShares = 2;
const maxShares = 262_144;
const minQuotaUs = 1000;

export function sharesOf(milliCpu: number): number {
  if (milliCpu === 0) return minShares;
  return Math.min(Math.max(Math.floor((milliCpu * 1024) / 1000), minShares), maxShares);
}

export function quotaOf(milliCpu: number, periodUs = cfsPeriodUs): number {
  if (milliCpu === 0) return 0;
  return Math.max(Math.floor((milliCpu * periodUs) / 1000), minQuotaUs);
}

/** CRI's cgroup settings for one container. `memoryCapacity` in bytes is the node's. */
export function linuxResources(
  pod: Pod,
  container: ContainerSpec,
  memoryCapacity: number,
): LinuxContainerResourcesInput {
  const { requests = {} } = container.resources ?? {};
  const cpuLimit = limitOf(pod, container, 'cpu');
  const memoryLimit = bytesOf(limitOf(pod, container, 'memory'));
  return {
    // A limit without a request means a request of the same size.
    cpuShares: sharesOf(milliOf(requests['cpu'] ?? cpuLimit)),
    ...(cpuLimit ? { cpuPeriod: cfsPeriodUs, cpuQuota: quotaOf(milliOf(cpuLimit)) } : {}),
    ...(memoryLimit > 0 ? { memoryLimitInBytes: memoryLimit, memorySwapLimitInBytes: memoryLimit } : {}),
    oomScoreAdj: oomScoreOf(pod, container, memoryCapacity),
  };
}

/** The pod's own limit is that of each of its containers without one. */
function limitOf(pod: Pod, container: ContainerSpec, name: string): string | undefined {
  const own = container.resources?.limits?.[name];
  return amountOf(own) > 0 ? own : pod.spec.resources?.limits?.[name];
}
