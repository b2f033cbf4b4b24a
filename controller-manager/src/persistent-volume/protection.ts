/** Takes the finalizers off claims and volumes once nobody uses them any more. */
import { persistentVolumeClaims, persistentVolumes, pods } from '@kubelab/api/resource-types';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { type ControllerDefinition, createLoop } from '../manager/context.js';

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';

/** Claims that a pod names or has made for it. Pure. */
export function claimsOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${pod.metadata.name}-${volume.name}`] : [];
  });
}

/** Whether a pod keeps a claim from going: one that has a node and has not ended. Pure. */
export function keeps(pod: Pod, claim: PersistentVolumeClaim): boolean {
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  if (pod.metadata.namespace !== claim.metadata.namespace || ended || !pod.spec.nodeName) return false;
  return claimsOf(pod).includes(claim.metadata.name);
}

export const claimProtection: ControllerDefinition = {
  name: 'persistentvolumeclaim-protection-controller',
  serviceAccount: 'pvc-protection-controller',
  enabled: () => true,
  create: (context) => {
    const claims = context.informers.of(persistentVolumeClaims);
    const running = context.informers.of(pods);
    const loop = createLoop(context, 'pvc-protection', {
      reconcile: async (key) => {
        const claim = claims.get(key);
        if (!claim || !isLeaving(claim, claimFinalizer)) return {};
        if (running.list().some((pod) => keeps(pod, claim))) return {};
        // The copy may lag behind a pod that has just been bound to a node.
        const listed = await context.client.list(pods, claim.metadata.namespace);
        if (listed.items.some((pod) => keeps(pod, claim))) return {};
        await context.client.update(persistentVolumeClaims, without(claim, claimFinalizer));
        return {};
      },
    });
    const enqueue = (claim: PersistentVolumeClaim): void => loop.enqueue(objectKey(claim));
    const enqueueOf = (pod: Pod): void => {
      for (const name of claimsOf(pod)) loop.enqueue(`${pod.metadata.namespace}/${name}`);
    };
    claims.addHandlers({ onAdd: enqueue, onUpdate: (_old, claim) => enqueue(claim) });
    running.addHandlers({ onUpdate: (_old, pod) => enqueueOf(pod), onDelete: enqueueOf });
    return loop;
  },
};

export const volumeProtection: ControllerDefinition = {
  name: 'persistentvolume-protection-controller',
  serviceAccount: 'pv-protection-controller',
  enabled: () => true,
  create: (context) => {
    const volumes = context.informers.of(persistentVolumes);
    const loop = createLoop(context, 'pv-protection', {
      reconcile: async (name) => {
        const volume = volumes.get(name);
        if (!volume || !isLeaving(volume, volumeFinalizer) || volume.status?.phase === 'Bound') return {};
        await context.client.update(persistentVolumes, without(volume, volumeFinalizer));
        return {};
      },
    });
    const enqueue = (volume: PersistentVolume): void => loop.enqueue(volume.metadata.name);
    volumes.addHandlers({ onAdd: enqueue, onUpdate: (_old, volume) => enqueue(volume) });
    return loop;
  },
};

interface Protected {
  metadata: { deletionTimestamp?: string; finalizers?: string[] };
}

function isLeaving({ metadata }: Protected, finalizer: string): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(finalizer);
}

function without<T extends Protected>(object: T, finalizer: string): T {
  const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
  return { ...object, metadata: { ...object.metadata, finalizers } };
}
