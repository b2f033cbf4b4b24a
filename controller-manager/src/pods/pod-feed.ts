/** Brings pods' events to the queue of the controller that owns them, and tells its expectations what was seen. */

import type { Pod } from '@kubelab/api/types';
import { controllerOf, objectKey } from '@kubelab/apimachinery/meta';
import type { Informer } from '@kubelab/client/informer';
import type { Expectations } from '@kubelab/controller/expectations';
import type { Controller } from '@kubelab/controller/loop';
import { controllerKey } from '@kubelab/controller/owner';

export interface PodFeed {
  loop: Controller;
  pods: Informer<Pod>;
  /** Kind of the owners: `ReplicaSet`. */
  kind: string;
  expectations: Expectations;
  /** Keys of owners that may want to adopt a pod that has no controller. */
  candidates(pod: Pod): string[];
}

export function feedPods({ loop, pods, kind, expectations, candidates }: PodFeed): void {
  const enqueueOwner = (pod: Pod, observed: (key: string) => void): void => {
    const key = controllerKey(pod, kind);
    if (key !== undefined) {
      observed(key);
      loop.enqueue(key);
    } else if (!controllerOf(pod)) {
      for (const candidate of candidates(pod)) loop.enqueue(candidate);
    }
  };
  const sawDeletion = (key: string, pod: Pod): void => expectations.deletionObserved(key, objectKey(pod));
  pods.addHandlers({
    onAdd: (pod) =>
      enqueueOwner(pod, (key) =>
        pod.metadata.deletionTimestamp ? sawDeletion(key, pod) : expectations.creationObserved(key),
      ),
    onUpdate: (old, pod) => {
      const before = controllerKey(old, kind);
      if (before !== undefined && before !== controllerKey(pod, kind)) loop.enqueue(before);
      enqueueOwner(pod, (key) => pod.metadata.deletionTimestamp && sawDeletion(key, pod));
    },
    onDelete: (pod) => enqueueOwner(pod, (key) => sawDeletion(key, pod)),
  });
}
