/** What watches over the node's memory, disks and processes. */
import type { EventRecorder } from '@kubelab/client/event-recorder';
import { timestamp } from '@kubelab/component/clock';
import type { ServiceContext } from '@kubelab/component/service';
import { type Config, reservedOf } from './config.js';
import { hasPodCgroups, thresholdsOf } from './config-policies.js';
import { EvictionManager } from './eviction/eviction-manager.js';
import { PodConsumptionReader } from './eviction/pod-consumption.js';
import { absolute, type Observations, withAllocatable } from './eviction/thresholds.js';
import { type DiskUsage, readDisk, readNodeLimits } from './node/machine.js';
import type { NodeAgent } from './node/node-agent.js';
import { type NodeUsage, readNodePids, readNodeUsage } from './node/node-usage.js';
import { nodeTarget } from './node/registration.js';
import type { PodManager } from './pods/pod-manager.js';
import type { PodServices } from './pods/pod-services.js';
import { PodFilesReader } from './stats/pod-files.js';
import { StatsReader } from './stats/stats-reader.js';
import { every, type Housekeeping, type NodeDisks } from './wire-housekeeping.js';
import type { NodeParts } from './wire-node.js';

/** Upstream's. */
const monitoringMs = 10_000;

export function createStats(parts: NodeParts, services: PodServices, manager: PodManager): StatsReader {
  const { config, context, nodeName, runtime } = parts;
  const memory = services.node.memoryCapacity;
  const { volumes, settings } = services;
  const volumesOf = (uid: string) => volumes.mountedVolumes(uid);
  const files = new PodFilesReader({ paths: settings.paths, volumesOf, disk: readDisk });
  return new StatsReader({
    runtime,
    files: (pod) => files.read(pod),
    pids: () => readNodePids(readNodeLimits().pids, config['cgroup-root']),
    nodeName,
    pods: () => manager.pods(),
    node: async () => readNodeUsage(memory, config['cgroup-root']),
    podsTogether: async () => (hasPodCgroups(config) ? podsUsage(config, memory) : undefined),
    disk: () => readDisk(config['root-dir']),
    clock: context.clock,
    startTime: timestamp(context.clock),
  });
}

export function createEviction(
  parts: NodeParts,
  services: PodServices,
  inputs: {
    events: EventRecorder;
    stats: StatsReader;
    disks: NodeDisks;
    agent: NodeAgent;
    housekeeping: Housekeeping;
    manager: PodManager;
  },
): EvictionManager {
  const { config, context, nodeName } = parts;
  const { clock, logger } = context;
  const { events, stats, disks, agent, housekeeping, manager } = inputs;
  const consumption = new PodConsumptionReader({ paths: services.settings.paths, stats: () => stats.podUsage() });
  return new EvictionManager({
    thresholds: hasPodCgroups(config) ? withAllocatable(thresholdsOf(config)) : thresholdsOf(config),
    transitionMs: config['eviction-pressure-transition-period'],
    maxPodGraceSeconds: config['eviction-max-pod-grace-period'],
    observe: () => observe(parts, services.node.memoryCapacity, disks),
    reclaimDisk: async () => {
      await services.deadContainers.removeAllDead();
      await housekeeping.images.removeUnused();
    },
    pods: () => manager.pods(),
    consumption: () => consumption.all(manager.pods()),
    storageOf: (pod) => consumption.storageOf(pod),
    end: (uid, verdict) => manager.end(uid, verdict),
    isFinished: (uid) => manager.isFinished(uid),
    onChange: () =>
      void agent.sync().catch((error: unknown) => logger.warn('Node status could not be written', { error })),
    events,
    target: nodeTarget(nodeName),
    clock,
    logger,
  });
}

async function observe({ config, context }: NodeParts, memory: number, disks: NodeDisks): Promise<Observations> {
  const [disk, images] = await Promise.all(
    [disks.node, disks.images].map((share) =>
      // A runtime that does not answer must not keep the node from seeing that its memory runs out.
      share.read().catch((error: unknown) => {
        context.logger.debug('A disk could not be looked at', { error });
        return undefined;
      }),
    ),
  );
  const { memoryWorkingSet } = readNodeUsage(memory, config['cgroup-root']);
  const allocatable = hasPodCgroups(config) ? podsMemory(config, memory) : {};
  const pids = readNodePids(readNodeLimits().pids, config['cgroup-root']);
  return {
    'memory.available': { available: memory - memoryWorkingSet, capacity: memory },
    ...allocatable,
    ...diskSignals('nodefs', disk),
    ...diskSignals('imagefs', images),
    'pid.available': { available: pids.limit - pids.used, capacity: pids.limit },
  };
}

/** Of all pods together, of the memory that they may have together. */
function podsUsage(config: Config, memory: number): NodeUsage {
  const kept = thresholdsOf(config).find(({ signal, graceMs }) => signal === 'memory.available' && graceMs === 0);
  const capacity = memory - reservedOf(config).memoryBytes - (kept ? absolute(kept.limit, memory) : 0);
  return readNodeUsage(capacity, `${config['cgroup-root'].replace(/\/$/, '')}/kubepods`);
}

function podsMemory(config: Config, memory: number): Observations {
  const { memoryCapacity, memoryWorkingSet } = podsUsage(config, memory);
  return { 'allocatableMemory.available': { available: memoryCapacity - memoryWorkingSet, capacity: memoryCapacity } };
}

function diskSignals(name: 'nodefs' | 'imagefs', disk: DiskUsage | undefined): Observations {
  if (!disk) return {};
  return {
    [`${name}.available`]: { available: disk.availableBytes, capacity: disk.capacityBytes },
    [`${name}.inodesFree`]: { available: disk.inodesFree, capacity: disk.inodes },
  };
}

export function startEviction(context: ServiceContext, manager: EvictionManager): void {
  every(context, monitoringMs, 'Eviction manager', () => manager.sync());
}

/** For the node's conditions; a kubelet that has not looked yet is under none. */
export function pressureOf(manager: EvictionManager | undefined): { memory: boolean; disk: boolean; pid: boolean } {
  return {
    memory: manager?.hasCondition('MemoryPressure') ?? false,
    disk: manager?.hasCondition('DiskPressure') ?? false,
    pid: manager?.hasCondition('PIDPressure') ?? false,
  };
}
