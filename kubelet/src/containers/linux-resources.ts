import type { Pod, ResourceRequirements } from '@kubelab/api/types';
import type { LinuxContainerResourcesInput } from '@kubelab/proto/generated/runtime-v1';
import { bytesOf, milliOf } from './amounts.js';
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
  resources: ResourceRequirements | undefined,
  memoryCapacity: number,
): LinuxContainerResourcesInput {
  const limits = resources?.limits ?? {};
  const requests = resources?.requests ?? {};
  // A limit without a request means a request of the same size.
  const cpuRequest = requests['cpu'] ?? limits['cpu'];
  const memoryLimit = bytesOf(limits['memory']);
  return {
    cpuShares: sharesOf(milliOf(cpuRequest)),
    ...(limits['cpu'] ? { cpuPeriod: cfsPeriodUs, cpuQuota: quotaOf(milliOf(limits['cpu'])) } : {}),
    ...(memoryLimit > 0 ? { memoryLimitInBytes: memoryLimit, memorySwapLimitInBytes: memoryLimit } : {}),
    oomScoreAdj: oomScoreOf(pod, requests['memory'] ?? limits['memory'], memoryCapacity),
  };
}
