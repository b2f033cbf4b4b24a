/** Keeps the EndpointSlices of every service with a selector. */

import { nodes } from '@kubelab/api/resource-types';
import type { Node } from '@kubelab/api/types';
import type { Informer } from '@kubelab/client/informer';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { hasSelector } from '../endpoints/pod-endpoints.js';
import { ServicePods } from '../endpoints/service-pods.js';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { ManagedSlices } from './managed-slices.js';
import { managedBy, planSlices } from './plan.js';

export const endpointSliceController: ControllerDefinition = {
  name: 'endpointslice-controller',
  serviceAccount: 'endpointslice-controller',
  enabled: () => true,
  create: (context) => {
    const servicePods = new ServicePods(context);
    const slices = new ManagedSlices(context, managedBy);
    const loop = createLoop(context, 'endpoint_slice', new EndpointSliceReconciler(context, servicePods, slices));
    servicePods.feed(loop);
    slices.feed(loop);
    return loop;
  },
};

class EndpointSliceReconciler implements Reconciler {
  readonly #servicePods: ServicePods;
  readonly #slices: ManagedSlices;
  readonly #nodes: Informer<Node>;

  constructor(context: ManagerContext, servicePods: ServicePods, slices: ManagedSlices) {
    this.#servicePods = servicePods;
    this.#slices = slices;
    this.#nodes = context.informers.of(nodes);
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const service = this.#servicePods.services.get(key);
    // Slices of a deleted service go with it by their owner reference.
    if (!service || !hasSelector(service) || service.metadata.deletionTimestamp) return {};
    if (!this.#slices.upToDate(key)) return {};
    const pods = this.#servicePods.podsOf(service);
    await this.#slices.carryOut(
      key,
      planSlices(service, pods, (name) => this.#nodes.get(name), this.#slices.of(key)),
    );
    return {};
  }
}
