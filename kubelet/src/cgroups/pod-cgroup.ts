/** Where a pod's cgroup is and what it is set to. Pure. */
import { podAmounts } from '@kubelab/api/pod/resource-amounts';
import type { Pod } from '@kubelab/api/types';
import { amountOf } from '../containers/amounts.js';
import { quotaOf, sharesOf } from '../containers/linux-resources.js';
import { qosClassOf } from '../containers/qos.js';
import { podRequests } from '../pods/pod-requests.js';

export interface PodCgroupSettings {
  cpuShares: number;
  /** Microseconds per 100 ms; undefined for no limit. */
  cpuQuota: number | undefined;
  /** Bytes; undefined for no limit. */
  memoryLimit: number | undefined;
}

/** What the groups above the pods' own are set to. */
export interface QosSettings {
  /** Of `kubepods`: what all pods may have. */
  memoryLimit: number;
  cpuShares: number;
  /** Of `kubepods/burstable`: what its pods ask for together; best effort pods get the least there is. */
  burstableShares: number;
}

/** `allocatable` without what evictions keep free: pods are evicted before the kernel has to kill. */
export function qosSettings(pods: readonly Pod[], allocatable: { cpuMilli: number; memoryBytes: number }): QosSettings {
  const burstable = pods.filter((pod) => qosClassOf(pod) === 'Burstable');
  const milli = burstable.reduce((sum, pod) => sum + (podRequests(pod).get('cpu')?.milliValue() ?? 0), 0);
  return {
    memoryLimit: allocatable.memoryBytes,
    cpuShares: sharesOf(allocatable.cpuMilli),
    burstableShares: sharesOf(milli),
  };
}

const qosFolders = { Guaranteed: '', Burstable: '/burstable', BestEffort: '/besteffort' } as const;

/** Below the cgroup root, as upstream's cgroupfs driver names it. */
export function podCgroupPath(root: string, pod: Pod): string {
  return `${root.replace(/\/$/, '')}/kubepods${qosFolders[qosClassOf(pod)]}/pod${pod.metadata.uid}`;
}

export function podCgroupSettings(pod: Pod): PodCgroupSettings {
  const cpu = podRequests(pod).get('cpu')?.milliValue() ?? 0;
  const limits = podAmounts(pod, 'limits');
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  // A limit on the pod makes sense only when it has one of its own, or every container has one.
  const limited = (name: string): boolean =>
    amountOf(pod.spec.resources?.limits?.[name]) > 0 ||
    containers.every((container) => amountOf(container.resources?.limits?.[name]) > 0);
  return {
    cpuShares: qosClassOf(pod) === 'BestEffort' ? 2 : sharesOf(cpu),
    cpuQuota: limited('cpu') ? quotaOf(limits.get('cpu')?.milliValue() ?? 0) : undefined,
    memoryLimit: limited('memory') ? limits.get('memory')?.value() : undefined,
  };
}

/** cgroup v2's weight for v1's shares, by upstream's formula. */
export function weightOf(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262_142);
}
