/** What the kubelet looks after in the background: logs, dead containers, images. */
import { join } from 'node:path';
import type { Node, Pod } from '@kubelab/api/types';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import type { ServiceContext } from '@kubelab/component/service';
import { qosSettings } from './cgroups/pod-cgroup.js';
import { reservedOf } from './config.js';
import { imageGcPolicyOf, rotationPolicyOf } from './config-policies.js';
import { ImageCollector } from './garbage/image-collector.js';
import { LogRotator } from './log-rotation/log-rotator.js';
import type { KubeletMetrics } from './metrics.js';
import { DiskShare } from './node/disk-share.js';
import { readDisk, readNodeLimits } from './node/machine.js';
import { nodeTarget } from './node/registration.js';
import type { PodServices } from './pods/pod-services.js';
import { LocalVolumes } from './volumes/local-volumes.js';
import type { NodeParts } from './wire-node.js';

/** Upstream's periods. */
const containerGcMs = 60_000;
const imageGcMs = 300_000;
const localVolumesMs = 10_000;
const qosCgroupsMs = 60_000;

/** The node's disks: where pods and their logs are, and where the runtime keeps images. */
export interface NodeDisks {
  node: DiskShare;
  images: DiskShare;
}

export function createDisks({ config, context, imageService }: NodeParts): NodeDisks {
  const { logger } = context;
  const state = (name: string): string => join(config['root-dir'], `${name}-share.json`);
  const imageFs = async (): Promise<{ path: string; used: number }> => {
    const [info] = (await imageService.imageFsInfo({}, { timeoutMs: 60_000 })).imageFilesystems;
    return { path: info?.fsId?.mountpoint ?? config['root-dir'], used: info?.usedBytes?.value ?? 0 };
  };
  const own = async (): Promise<number> => (await imageFs()).used;
  let imagePath: string | undefined;
  return {
    node: new DiskShare({ stateFile: state('nodefs'), read: () => readDisk(config['root-dir']), own, logger }),
    images: new DiskShare({
      stateFile: state('imagefs'),
      read: async () => {
        imagePath ??= (await imageFs()).path;
        return readDisk(imagePath);
      },
      own,
      logger,
    }),
  };
}

export interface Housekeeping {
  images: ImageCollector;
  start(): void;
}

export function createHousekeeping(
  parts: NodeParts,
  services: PodServices,
  inputs: { events: EventRecorder; metrics: KubeletMetrics; disks: NodeDisks; node(): Node | undefined; pods(): Pod[] },
): Housekeeping {
  const { config, context, nodeName, client, runtime, imageService, mounter } = parts;
  const { clock, logger } = context;
  const { events, metrics, disks, node } = inputs;
  const target = nodeTarget(nodeName);
  const localVolumes = new LocalVolumes({
    client,
    mounter,
    nodeName,
    root: config['root-dir'],
    node,
    states: () => services.cache.list(),
    logger,
  });
  const rotator = new LogRotator({
    runtime,
    policy: rotationPolicyOf(config),
    pods: () => services.cache.list(),
    clock,
    logger,
  });
  const images = new ImageCollector({
    images: imageService,
    runtime,
    policy: imageGcPolicyOf(config),
    sandboxImage: config['pod-infra-container-image'],
    disk: async () => {
      const { capacityBytes, availableBytes } = await disks.images.read();
      return { capacity: capacityBytes, available: availableBytes };
    },
    events,
    target,
    removed: (reason) => metrics.imageCollected(reason),
    clock,
    logger,
  });
  const tell = (reason: string) => (error: unknown) =>
    events.event(target, 'Warning', reason, error instanceof Error ? error.message : String(error));
  return {
    images,
    start: () => {
      every(context, qosCgroupsMs, 'Update of cgroups', () => {
        const { cpus, memory } = readNodeLimits();
        const reserved = reservedOf(config);
        const allocatable = { cpuMilli: cpus * 1000 - reserved.cpuMilli, memoryBytes: memory - reserved.memoryBytes };
        return services.cgroups.updateQos(qosSettings(inputs.pods(), allocatable));
      });
      every(context, localVolumesMs, 'Removal of deleted volumes', () => localVolumes.removeDeleted());
      every(context, config['container-log-monitor-interval'], 'Log rotation', () => rotator.rotate());
      every(context, containerGcMs, 'Container garbage collection', () => services.deadContainers.collect(), {
        failed: tell('ContainerGCFailed'),
      });
      if (config['image-gc-high-threshold'] === 100 && config['image-maximum-gc-age'] === 0) {
        logger.info(
          'ImageGCHighThresholdPercent is set 100 and ImageMaximumGCAge is 0, image garbage collection is off',
        );
        return;
      }
      every(context, imageGcMs, 'Image garbage collection', () => images.collect(), { failed: tell('ImageGCFailed') });
    },
  };
}

/** Does something again and again, for the first time now. A failure is told from the second one in a row on, as upstream does. */
export function every(
  { clock, logger, signal }: ServiceContext,
  periodMs: number,
  what: string,
  work: () => Promise<unknown>,
  options: { failed?: (error: unknown) => void } = {},
): void {
  const loop = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await work();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn(`${what} failed`, { error });
        if (failures++ > 0) options.failed?.(error);
      }
      await clock.sleep(periodMs, signal).catch(() => undefined);
    }
  };
  void loop();
}
