/** What begins and ends with the node itself: static pods and the shutdown of its pods. */
import { existsSync } from 'node:fs';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import type { Config } from './config.js';
import type { NodeAgent } from './node/node-agent.js';
import { nodeTarget } from './node/registration.js';
import type { PodManager } from './pods/pod-manager.js';
import type { PodServices } from './pods/pod-services.js';
import { NodeShutdown } from './shutdown/node-shutdown.js';
import { MirrorPods } from './static-pods/mirror-pods.js';
import type { NodeParts } from './wire-node.js';

export function createMirrors({ client, context }: NodeParts, services: PodServices, agent: NodeAgent): MirrorPods {
  const { clock, logger, signal } = context;
  return new MirrorPods({
    client,
    clock,
    logger,
    signal,
    node: () => agent.node(),
    onMirror: (pod, mirror) => services.statuses.observeMirror(pod, mirror),
  });
}

/** Resolves when the static pods of the folder are known, so that what runs of them is not taken for an orphan. */
export async function startStaticPods({ config, context, nodeName }: NodeParts, manager: PodManager): Promise<void> {
  const folder = config['pod-manifest-path'];
  if (folder === '') return;
  // Validation of manifests takes memory that most nodes do not need.
  const { StaticPodSource } = await import('./static-pods/static-pod-source.js');
  const { clock, logger, signal } = context;
  const source = new StaticPodSource({
    folder,
    nodeName,
    checkMs: config['file-check-frequency'],
    clock,
    logger,
    onChange: (pods) => manager.setStaticPods(pods),
  });
  await source.start(signal);
}

export function createShutdown(
  { config, context, nodeName }: NodeParts,
  services: PodServices,
  { events, manager }: { events: EventRecorder; manager(): PodManager | undefined },
): NodeShutdown {
  return new NodeShutdown({
    policy: { totalMs: config['shutdown-grace-period'], criticalMs: config['shutdown-grace-period-critical-pods'] },
    pods: () => manager()?.pods() ?? [],
    end: (uid, verdict) => manager()?.end(uid, verdict),
    isFinished: (uid) => manager()?.isFinished(uid) ?? true,
    flush: (uid) => services.statuses.flush(uid),
    events,
    target: nodeTarget(nodeName),
    clock: context.clock,
    logger: context.logger,
  });
}

/** Whether the stop of this kubelet is a stop of its node. */
export function isNodeShutdown(config: Config): boolean {
  if (config['shutdown-grace-period'] === 0) return false;
  return config['node-shutdown-file'] === '' || existsSync(config['node-shutdown-file']);
}
