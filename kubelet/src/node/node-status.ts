/** The node's status as the kubelet reports it. Pure. */
import type { ContainerImage, NodeAddress, NodeCondition, NodeStatus } from '@kubelab/api/types';
import { canonicalizeQuantity } from '@kubelab/apimachinery/quantity';
import { gitVersion } from '@kubelab/component/identity';
import { absolute, type Threshold } from '../eviction/thresholds.js';
import type { NodeLimits } from './cgroup-limits.js';
import type { MachineFacts } from './machine.js';

export interface NodeStatusInput {
  machine: MachineFacts;
  limits: NodeLimits;
  /** Of the file system that holds pods and images. */
  disk: { capacityBytes: number };
  maxPods: number;
  reserved: { cpuMilli: number; memoryBytes: number };
  /** What hard eviction thresholds keep free is no pod's. */
  evictionHard: readonly Pick<Threshold, 'signal' | 'limit'>[];
  addresses: NodeAddress[];
  /** `docker://20.10.24`. */
  runtimeVersion: string;
  port: number;
  images: ContainerImage[];
  ready: ReadyInput;
  pressure: { memory: boolean; disk: boolean; pid: boolean };
  old: NodeStatus;
  /** RFC 3339. */
  now: string;
}

export interface ReadyInput {
  /** Sentences that speak against it, in upstream's words and order. */
  problems: string[];
}

export function computeNodeStatus(input: NodeStatusInput): NodeStatus {
  const { machine } = input;
  const capacity = capacityOf(input);
  return {
    capacity,
    allocatable: allocatableOf(input, capacity),
    conditions: conditionsOf(input),
    addresses: input.addresses,
    daemonEndpoints: { kubeletEndpoint: { Port: input.port } },
    nodeInfo: {
      machineID: machine.machineID,
      systemUUID: machine.systemUUID,
      bootID: machine.bootID,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: input.runtimeVersion,
      kubeletVersion: gitVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
    images: input.images,
  };
}

function cpuQuantity(cpus: number): string {
  return Number.isInteger(cpus) ? String(cpus) : `${Math.floor(cpus * 1000)}m`;
}

function capacityOf({ limits, disk, maxPods }: NodeStatusInput): Record<string, string> {
  return {
    cpu: cpuQuantity(limits.cpus),
    'ephemeral-storage': `${Math.floor(disk.capacityBytes / 1024)}Ki`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor(limits.memory / 1024)}Ki`,
    pods: String(maxPods),
  };
}

function allocatableOf(input: NodeStatusInput, capacity: Record<string, string>): Record<string, string> {
  const { limits, disk, reserved, evictionHard } = input;
  const kept = (signal: Threshold['signal'], of: number): number => {
    const limit = evictionHard.find((threshold) => threshold.signal === signal)?.limit;
    return limit ? absolute(limit, of) : 0;
  };
  const memory = Math.max(0, limits.memory - reserved.memoryBytes - kept('memory.available', limits.memory));
  return {
    ...capacity,
    cpu: cpuQuantity(Math.max(0, limits.cpus - reserved.cpuMilli / 1000)),
    // Bytes without a suffix: the percentage leaves no round number.
    'ephemeral-storage': String(Math.floor(disk.capacityBytes - kept('nodefs.available', disk.capacityBytes))),
    memory: `${Math.floor(memory / 1024)}Ki`,
  };
}

function conditionsOf(input: NodeStatusInput): NodeCondition[] {
  const { pressure, ready } = input;
  const problems = ready.problems;
  const own: Omit<NodeCondition, 'lastHeartbeatTime' | 'lastTransitionTime'>[] = [
    pressureCondition(
      'MemoryPressure',
      pressure.memory,
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ),
    pressureCondition(
      'DiskPressure',
      pressure.disk,
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ),
    pressureCondition(
      'PIDPressure',
      pressure.pid,
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ),
    problems.length === 0
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : {
          type: 'Ready',
          status: 'False',
          reason: 'KubeletNotReady',
          message: problems.length === 1 ? (problems[0] as string) : `[${problems.join(', ')}]`,
        },
  ];
  const types = new Set(own.map((condition) => condition.type));
  // Other components (a network plugin, a problem detector) have conditions of their own here.
  const others = (input.old.conditions ?? []).filter((condition) => !types.has(condition.type));
  return [...others, ...own.map((condition) => withTimes(condition, input))];
}

function pressureCondition(
  type: string,
  under: boolean,
  yes: [string, string],
  no: [string, string],
): Omit<NodeCondition, 'lastHeartbeatTime' | 'lastTransitionTime'> {
  const [reason, message] = under ? yes : no;
  return { type, status: under ? 'True' : 'False', reason, message };
}

function withTimes(
  condition: Omit<NodeCondition, 'lastHeartbeatTime' | 'lastTransitionTime'>,
  { old, now }: NodeStatusInput,
): NodeCondition {
  const before = old.conditions?.find((item) => item.type === condition.type);
  const unchanged = before?.status === condition.status;
  return {
    ...condition,
    lastHeartbeatTime: now,
    lastTransitionTime: (unchanged ? before?.lastTransitionTime : undefined) ?? now,
  };
}

/** Upstream's limits on what a node tells about its images. */
const maxImages = 50;
const maxNamesPerImage = 5;

export function imageList(
  images: readonly { repoTags: string[]; repoDigests: string[]; size: number }[],
): ContainerImage[] {
  return images
    .map((image) => ({
      names: [...image.repoDigests, ...image.repoTags].slice(0, maxNamesPerImage),
      sizeBytes: image.size,
    }))
    .filter((image) => image.names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.names[0] as string).localeCompare(b.names[0] as string))
    .slice(0, maxImages);
}

/** Whether two statuses differ in more than their heartbeats. */
export function statusChanged(before: NodeStatus, after: NodeStatus): boolean {
  return JSON.stringify(withoutHeartbeats(before)) !== JSON.stringify(withoutHeartbeats(after));
}

function withoutHeartbeats(status: NodeStatus): unknown {
  const sorted = (map: Record<string, string> | undefined): unknown =>
    Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  // The API server writes them in this form, whatever it was sent.
  const amounts = (map: Record<string, string> | undefined): unknown =>
    sorted(Object.fromEntries(Object.entries(map ?? {}).map(([name, text]) => [name, canonicalizeQuantity(text)])));
  return {
    capacity: amounts(status.capacity),
    allocatable: amounts(status.allocatable),
    addresses: status.addresses?.map(({ type, address }) => [type, address]),
    endpoint: status.daemonEndpoints?.kubeletEndpoint?.Port,
    nodeInfo: sorted(status.nodeInfo as unknown as Record<string, string>),
    images: status.images?.map(({ names, sizeBytes }) => [names, sizeBytes]),
    conditions: (status.conditions ?? [])
      .map(({ type, status: value, reason, message }) => [type, value, reason, message])
      .sort((a, b) => ((a[0] as string) < (b[0] as string) ? -1 : 1)),
  };
}
