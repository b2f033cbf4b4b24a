/** Makes the claims of pods' generic ephemeral volumes. */
import { persistentVolumeClaims, pods } from '@kubelab/api/resource-types';
import type { PersistentVolumeClaim, Pod, Volume } from '@kubelab/api/types';
import { type Draft, objectKey } from '@kubelab/apimachinery/meta';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import { type ControllerDefinition, createLoop } from '../manager/context.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';

export const ephemeralVolumeController: ControllerDefinition = {
  name: 'ephemeral-volume-controller',
  serviceAccount: 'ephemeral-volume-controller',
  enabled: () => true,
  create: (context) => {
    const { client, informers, recorder } = context;
    const running = informers.of(pods);
    const claims = informers.of(persistentVolumeClaims);
    const loop = createLoop(context, 'ephemeral-volume', {
      reconcile: async (key) => {
        const pod = running.get(key);
        if (!pod || pod.metadata.deletionTimestamp !== undefined) return {};
        for (const volume of (pod.spec.volumes ?? []).filter(({ ephemeral }) => ephemeral)) {
          const claim = claimFor(pod, volume);
          if (claims.get(objectKey(claim))) continue;
          try {
            await client.create(persistentVolumeClaims, claim);
          } catch (error) {
            if (isAlreadyExists(error) || isNamespaceTerminating(error)) continue;
            const text = error instanceof Error ? error.message : String(error);
            const message = `ephemeral volume ${volume.name}: create PVC ${claim.metadata.name}: ${text}`;
            recorder.event(pod, 'Warning', 'ProvisioningFailed', message);
            throw error;
          }
        }
        return {};
      },
    });
    const enqueue = (pod: Pod): void => {
      if (pod.spec.volumes?.some(({ ephemeral }) => ephemeral)) loop.enqueue(objectKey(pod));
    };
    running.addHandlers({ onAdd: enqueue, onUpdate: (_old, pod) => enqueue(pod) });
    return loop;
  },
};

/** Pure. The claim belongs to the pod and goes with it. */
export function claimFor(pod: Pod, volume: Volume): Draft<PersistentVolumeClaim> {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const { name, namespace, uid } = pod.metadata;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...(template?.metadata?.labels ? { labels: template.metadata.labels } : {}),
      ...(template?.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
      name: `${name}-${volume.name}`,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: template?.spec ?? {},
  };
}
