/** Before a pod is bound to its node: has its waiting claims bound there, and waits until they are. */
import { persistentVolumeClaims, persistentVolumes } from '@kubelab/api/resource-types';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type { SchedulingContext } from './framework.js';
import { planVolumes, podClaims } from './plugins/volumes.js';

const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node';
const boundByController = 'pv.kubernetes.io/bound-by-controller';

/** Upstream's bindTimeoutSeconds. */
const bindTimeoutMs = 600_000;
const pollMs = 50;

export interface VolumeBinderOptions {
  client: KubeClient;
  clock: Clock;
}

export class VolumeBinder {
  constructor(private readonly options: VolumeBinderOptions) {}

  /** Throws an Error when the claims cannot be bound on this node, or are not in time. */
  async bind(context: SchedulingContext, node: Node): Promise<void> {
    if (isBound(context)) return;
    const decisions = planVolumes(podClaims(context), context, node);
    if (!decisions) throw new Error(`volumes of the pod cannot be bound on node "${node.metadata.name}" any more`);
    for (const { claim, volume } of decisions.bind) await this.setAside(volume, claim);
    for (const claim of decisions.provision) await this.select(claim, node.metadata.name);
    await this.waitUntilBound(context);
  }

  private async setAside(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const { name, namespace = '', uid } = claim.metadata;
    if (volume.spec.claimRef?.uid === uid) return;
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid };
    const annotations = { ...volume.metadata.annotations, [boundByController]: 'yes' };
    await this.options.client.update(persistentVolumes, {
      ...volume,
      metadata: { ...volume.metadata, annotations },
      spec: { ...volume.spec, claimRef },
    });
  }

  private async select(claim: PersistentVolumeClaim, node: string): Promise<void> {
    if (claim.metadata.annotations?.[selectedNodeAnnotation] === node) return;
    const annotations = { ...claim.metadata.annotations, [selectedNodeAnnotation]: node };
    await this.options.client.update(persistentVolumeClaims, {
      ...claim,
      metadata: { ...claim.metadata, annotations },
    });
  }

  private async waitUntilBound(context: SchedulingContext): Promise<void> {
    const { clock } = this.options;
    const until = clock.now() + bindTimeoutMs;
    while (!isBound(context)) {
      if (clock.now() >= until) throw new Error('binding volumes: timed out waiting for the condition');
      await clock.sleep(pollMs);
    }
  }
}

function isBound(context: SchedulingContext): boolean {
  return podClaims(context).every(({ spec, status }) => spec.volumeName && status?.phase === 'Bound');
}
