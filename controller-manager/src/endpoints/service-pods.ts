/** Feeding of both endpoint controllers: a service is worked on when it or one of its pods changes in a way that matters. */

import { pods as podType, services } from '@kubelab/api/resource-types';
import type { Pod, Service } from '@kubelab/api/types';
import { selectorFromSet } from '@kubelab/apimachinery/labels';
import { objectKey } from '@kubelab/apimachinery/meta';
import type { Informer } from '@kubelab/client/informer';
import type { Controller } from '@kubelab/controller/loop';
import type { ManagerContext } from '../manager/context.js';
import { hasSelector } from './pod-endpoints.js';

export class ServicePods {
  readonly services: Informer<Service>;
  readonly #pods: Informer<Pod>;

  constructor(context: ManagerContext) {
    this.services = context.informers.of(services);
    this.#pods = context.informers.of(podType);
  }

  feed(loop: Controller): void {
    const enqueue = (service: Service): void => loop.enqueue(objectKey(service));
    this.services.addHandlers({ onAdd: enqueue, onUpdate: (_old, service) => enqueue(service), onDelete: enqueue });
    const enqueueSelecting = (pod: Pod): void => {
      for (const service of this.services.list(pod.metadata.namespace)) {
        if (hasSelector(service) && selectorFromSet(service.spec.selector).matches(pod.metadata.labels))
          enqueue(service);
      }
    };
    this.#pods.addHandlers({
      onAdd: enqueueSelecting,
      onDelete: enqueueSelecting,
      onUpdate: (old, pod) => {
        if (endpointFacts(old) === endpointFacts(pod)) return;
        enqueueSelecting(old);
        enqueueSelecting(pod);
      },
    });
  }

  podsOf(service: Service): Pod[] {
    const selector = selectorFromSet(service.spec.selector);
    return this.#pods.list(service.metadata.namespace).filter((pod) => selector.matches(pod.metadata.labels));
  }
}

/** All of a pod that can change an endpoint. */
function endpointFacts({ metadata, spec, status }: Pod): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return JSON.stringify([
    metadata.labels,
    metadata.deletionTimestamp,
    spec.nodeName,
    spec.hostname,
    spec.subdomain,
    status?.podIP,
    status?.podIPs,
    status?.phase,
    ready,
  ]);
}
