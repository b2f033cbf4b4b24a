import type { ConfigMap, Pod, Secret, Service } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import type { Lister } from '@kubelab/client/informer';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import type { QosSettings } from '../cgroups/pod-cgroup.js';
import type { NodePaths } from '../containers/paths.js';
import type { DnsConfig } from '../containers/resolv-conf.js';
import type { ContainerCollector } from '../garbage/container-collector.js';
import type { ImageManager } from '../images/image-manager.js';
import type { ObjectCache } from '../objects/object-cache.js';
import type { TokenCache } from '../objects/token-cache.js';
import type { Prober } from '../probes/prober.js';
import type { RuntimeCache } from '../runtime/runtime-cache.js';
import type { StartSlots } from '../runtime/start-slots.js';
import type { Mounter } from '../volumes/mounter.js';
import type { VolumeManager } from '../volumes/volume-manager.js';
import type { Allocations } from './allocations.js';
import type { ContainerKiller } from './container-killer.js';
import type { HookRunner } from './lifecycle-hooks.js';
import type { StatusManager } from './status-manager.js';

/** What a pod needs to know of its node. */
export interface NodeFacts {
  name: string;
  ips(): string[];
  allocatable(): Record<string, string>;
  /** Bytes. */
  memoryCapacity: number;
  /** Undefined when pods can get a network, else why not. */
  networkProblem(): string | undefined;
}

export interface PodSettings {
  paths: NodePaths;
  clusterDns: string[];
  clusterDomain: string;
  /** What the file of --resolv-conf holds now. */
  nodeDns(): Promise<DnsConfig>;
  seccompRoot: string;
  /** `docker`, `containerd`. */
  runtimeName: string;
}

export interface PodMetrics {
  /** Seconds from the first sight of a pod to its containers running. */
  podStarted(seconds: number): void;
  /** Not admitted. */
  podRejected(reason: string): void;
  containerStarted(kind: string): void;
  startFailed(kind: string, reason: string): void;
  runtimeOperation(name: string, seconds: number, failed: boolean): void;
  synced(operation: string, seconds: number): void;
}

/** A pod's own cgroup, in which the runtime puts its containers. */
export interface PodCgroups {
  /** Makes it when necessary; empty when the runtime's default is to be used. */
  ensure(pod: Pod): Promise<string>;
  /** After the pod's resources changed. */
  update(pod: Pod): Promise<void>;
  /** After pods have come and gone. */
  updateQos(settings: QosSettings): Promise<void>;
  remove(uid: string): Promise<void>;
}

/** Everything that the pod workers of one kubelet share. */
export interface PodServices {
  client: KubeClient;
  runtime: RuntimeServiceClient;
  images: ImageManager;
  cache: RuntimeCache;
  statuses: StatusManager;
  prober: Prober;
  killer: ContainerKiller;
  deadContainers: ContainerCollector;
  hooks: HookRunner;
  volumes: VolumeManager;
  allocations: Allocations;
  mounter: Mounter;
  cgroups: PodCgroups;
  configMaps: ObjectCache<ConfigMap>;
  secrets: ObjectCache<Secret>;
  tokens: TokenCache;
  services: Lister<Service>;
  /** Resolves when the service variables can be made. */
  servicesSynced(signal: AbortSignal): Promise<void>;
  events: EventRecorder;
  clock: Clock;
  logger: Logger;
  slots: StartSlots;
  metrics: PodMetrics;
  node: NodeFacts;
  settings: PodSettings;
}
