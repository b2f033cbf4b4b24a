/** What selects a pod: services and its controller. Pods that share these selectors are spread by default. */

import type { Pod, ReplicaSet, ReplicationController, Service, StatefulSet } from '@kubelab/api/types';
import { type Selector, selectorFromLabelSelector, selectorFromSet } from '@kubelab/apimachinery/labels';
import { controllerOf } from '@kubelab/apimachinery/meta';
import type { Lister } from '@kubelab/client/informer';

export interface SelectorSources {
  services: Lister<Service>;
  replicaSets: Lister<ReplicaSet>;
  replicationControllers: Lister<ReplicationController>;
  statefulSets: Lister<StatefulSet>;
}

export function defaultSelectors(pod: Pod, sources: SelectorSources): Selector[] {
  const { namespace = '', labels } = pod.metadata;
  const selectors = sources.services.list(namespace).flatMap(({ spec }) => {
    if (!spec.selector || Object.keys(spec.selector).length === 0) return [];
    const selector = selectorFromSet(spec.selector);
    return selector.matches(labels) ? [selector] : [];
  });
  const owner = controllerOf(pod);
  if (!owner) return selectors;
  const key = `${namespace}/${owner.name}`;
  const controller =
    owner.kind === 'ReplicaSet'
      ? sources.replicaSets.get(key)
      : owner.kind === 'StatefulSet'
        ? sources.statefulSets.get(key)
        : undefined;
  if (controller) selectors.push(selectorFromLabelSelector(controller.spec.selector));
  const replication = owner.kind === 'ReplicationController' ? sources.replicationControllers.get(key) : undefined;
  if (replication?.spec?.selector) selectors.push(selectorFromSet(replication.spec.selector));
  return selectors;
}
