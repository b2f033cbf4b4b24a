/** Claims that pods use and volumes that are bound are not deleted under them. */

import { persistentVolumeClaims, persistentVolumes, pods as podType } from '@kubelab/api/resource-types';
import type { PersistentVolumeClaim, Pod } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import {
  claimFinalizer,
  claimNames,
  isVolumeInUse,
  protectionOf,
  usesClaim,
  volumeFinalizer,
  withFinalizer,
  withoutFinalizer,
} from './plan.js';

const podsOfClaim = 'claim';

export const claimProtectionController: ControllerDefinition = {
  name: 'persistentvolumeclaim-protection-controller',
  serviceAccount: 'pvc-protection-controller',
  enabled: () => true,
  create: (context) => {
    const { client, informers } = context;
    const claims = informers.of(persistentVolumeClaims);
    const pods = informers.of(podType);
    pods.addIndex(podsOfClaim, (pod) => claimNames(pod).map((name) => `${pod.metadata.namespace}/${name}`));
    const loop = createLoop(context, 'pvcprotection', {
      reconcile: async (key) => {
        const claim = claims.get(key);
        const protection = claim ? protectionOf(claim.metadata, claimFinalizer) : 'none';
        if (!claim || protection === 'none') return {};
        const used = pods.byIndex(podsOfClaim, key).some((pod) => usesClaim(pod, claim.metadata.name));
        if (protection === 'check' && (used || (await isUsedLive(context, claim)))) return {};
        const change = protection === 'add' ? withFinalizer : withoutFinalizer;
        await ignoreGone(
          client.update(persistentVolumeClaims, { ...claim, metadata: change(claim.metadata, claimFinalizer) }),
        );
        return {};
      },
    });
    const enqueue = (claim: PersistentVolumeClaim): void => loop.enqueue(objectKey(claim));
    claims.addHandlers({ onAdd: enqueue, onUpdate: (_old, claim) => enqueue(claim) });
    const enqueueUsed = (pod: Pod): void => {
      for (const name of claimNames(pod)) loop.enqueue(`${pod.metadata.namespace}/${name}`);
    };
    pods.addHandlers({ onDelete: enqueueUsed });
    return loop;
  },
};

/** A pod may have been bound a moment ago: never trust absence from a cache, ask. */
async function isUsedLive({ client }: ManagerContext, claim: PersistentVolumeClaim): Promise<boolean> {
  const { items } = await client.list(podType, claim.metadata.namespace);
  return items.some((pod) => usesClaim(pod, claim.metadata.name));
}

async function ignoreGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export const volumeProtectionController: ControllerDefinition = {
  name: 'persistentvolume-protection-controller',
  serviceAccount: 'pv-protection-controller',
  enabled: () => true,
  create: (context) => {
    const { client, informers } = context;
    const volumes = informers.of(persistentVolumes);
    const loop = createLoop(context, 'pvprotection', {
      reconcile: async (key) => {
        const volume = volumes.get(key);
        const protection = volume ? protectionOf(volume.metadata, volumeFinalizer) : 'none';
        if (!volume || protection === 'none' || (protection === 'check' && isVolumeInUse(volume))) return {};
        const change = protection === 'add' ? withFinalizer : withoutFinalizer;
        await ignoreGone(
          client.update(persistentVolumes, { ...volume, metadata: change(volume.metadata, volumeFinalizer) }),
        );
        return {};
      },
    });
    volumes.addHandlers({
      onAdd: (volume) => loop.enqueue(objectKey(volume)),
      onUpdate: (_old, volume) => loop.enqueue(objectKey(volume)),
    });
    return loop;
  },
};
