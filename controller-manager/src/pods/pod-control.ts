/** Creating and deleting pods on behalf of a controller object, with the events that go with it. */

import { pods as podType } from '@kubelab/api/resource-types';
import type { Pod, PodTemplateSpec } from '@kubelab/api/types';
import type { Draft, KubeObject } from '@kubelab/apimachinery/meta';
import { isNotFound, isStatusError } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import { controllerReference } from '@kubelab/controller/owner';

export interface PodControl {
  /** The pod is owned by `owner`. `change` may set a name, node or labels. Throws what the API answered, after an event about it. */
  create(owner: KubeObject, template: PodTemplateSpec, change?: (pod: Draft<Pod>) => void): Promise<Pod>;
  /** False when the pod is gone already. */
  delete(owner: KubeObject, pod: Pod): Promise<boolean>;
}

export function createPodControl(options: { client: KubeClient; recorder: EventRecorder }): PodControl {
  const { client, recorder } = options;
  return {
    create: async (owner, template, change) => {
      const draft = podFromTemplate(owner, template);
      change?.(draft);
      try {
        const pod = await client.create(podType, draft);
        recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
        return pod;
      } catch (error) {
        // In a namespace that is being emptied this is expected and would be a flood.
        if (!isNamespaceTerminating(error)) {
          recorder.event(
            owner,
            'Warning',
            'FailedCreate',
            `Error creating: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
        throw error;
      }
    },
    delete: async (owner, pod) => {
      const { name, namespace, uid } = pod.metadata;
      try {
        await client.delete(podType, name, namespace, { preconditions: { uid } });
      } catch (error) {
        if (isNotFound(error) || isStatusError(error, 'Conflict')) return false;
        recorder.event(
          owner,
          'Warning',
          'FailedDelete',
          `Error deleting: ${error instanceof Error ? error.message : String(error)}`,
        );
        throw error;
      }
      recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
      return true;
    },
  };
}

export function isNamespaceTerminating(error: unknown): boolean {
  return (
    isStatusError(error, 'Forbidden') &&
    (error.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating')
  );
}

export function podFromTemplate(owner: KubeObject, template: PodTemplateSpec): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const { namespace } = owner.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata.name}-`,
      ...(namespace ? { namespace } : {}),
      ...(labels ? { labels: { ...labels } } : {}),
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    spec: structuredClone(template.spec ?? { containers: [] }),
  };
}
