/** CRI resources as the engine's cgroup settings; the engine writes them the same way for cgroup v1 and v2. */
import { CriError } from '@kubelab/proto/cri-error';
import type { LinuxContainerResources, LinuxContainerResourcesInput } from '@kubelab/proto/generated/runtime-v1';
import type { HostConfig } from 'dockerode';

type CgroupSettings = Pick<
  HostConfig,
  'CpuPeriod' | 'CpuQuota' | 'CpuShares' | 'Memory' | 'MemorySwap' | 'CpusetCpus' | 'CpusetMems'
>;

/** Zero and the empty string mean "as it is" to the engine as to the CRI. */
export function planResources(resources: LinuxContainerResources | null | undefined): CgroupSettings {
  if (!resources) return {};
  if (resources.hugepageLimits.some(({ limit }) => limit > 0)) {
    throw new CriError('INVALID_ARGUMENT', 'hugepages are not supported by this runtime');
  }
  const unified = Object.keys(resources.unified);
  if (unified.length > 0) {
    throw new CriError(
      'INVALID_ARGUMENT',
      `cgroup v2 settings are not supported by this runtime: ${unified.join(', ')}`,
    );
  }
  const memory = resources.memoryLimitInBytes;
  return {
    CpuPeriod: resources.cpuPeriod,
    CpuQuota: resources.cpuQuota,
    CpuShares: resources.cpuShares,
    Memory: memory,
    // Without a limit of its own a container would get as much swap as memory; a pod's memory limit is meant as the whole.
    MemorySwap: resources.memorySwapLimitInBytes !== 0 ? resources.memorySwapLimitInBytes : memory,
    CpusetCpus: resources.cpusetCpus,
    CpusetMems: resources.cpusetMems,
  };
}

/** What is in force, read back from the engine. */
export function reportResources(host: HostConfig): LinuxContainerResourcesInput {
  return {
    cpuPeriod: host.CpuPeriod,
    cpuQuota: host.CpuQuota,
    cpuShares: host.CpuShares,
    memoryLimitInBytes: host.Memory,
    memorySwapLimitInBytes: Math.max(0, host.MemorySwap ?? 0),
    oomScoreAdj: host.OomScoreAdj,
    cpusetCpus: host.CpusetCpus,
    cpusetMems: host.CpusetMems,
  };
}
