/** Keeps the EndpointSlices of every service with a selector. */

import { endpointSlices, nodes } from '@kubelab/api/resource-types';
import type { EndpointSlice, Node } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import { Expectations } from '@kubelab/controller/expectations';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { hasSelector } from '../endpoints/pod-endpoints.js';
import { ServicePods } from '../endpoints/service-pods.js';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';
import { managedBy, managedByLabel, planSlices, serviceNameLabel } from './plan.js';

export const endpointSliceController: ControllerDefinition = {
  name: 'endpointslice-controller',
  serviceAccount: 'endpointslice-controller',
  enabled: () => true,
  create: (context) => {
    const servicePods = new ServicePods(context);
    const reconciler = new EndpointSliceReconciler(context, servicePods);
    const loop = createLoop(context, 'endpoint_slice', reconciler);
    servicePods.feed(loop);
    reconciler.feed(loop);
    return loop;
  },
};

const indexName = 'service';

class EndpointSliceReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #servicePods: ServicePods;
  readonly #slices: Informer<EndpointSlice>;
  readonly #nodes: Informer<Node>;
  readonly #expectations: Expectations;

  constructor(context: ManagerContext, servicePods: ServicePods) {
    this.#context = context;
    this.#servicePods = servicePods;
    this.#slices = context.informers.of(endpointSlices);
    this.#nodes = context.informers.of(nodes);
    this.#expectations = new Expectations({ clock: context.clock });
    this.#slices.addIndex(indexName, (slice) => (isOurs(slice) ? [serviceKey(slice)] : []));
  }

  feed(loop: Controller): void {
    this.#slices.addHandlers({
      onAdd: (slice) => {
        if (!isOurs(slice)) return;
        this.#expectations.creationObserved(serviceKey(slice));
        loop.enqueue(serviceKey(slice));
      },
      onUpdate: (_old, slice) => isOurs(slice) && loop.enqueue(serviceKey(slice)),
      onDelete: (slice) => {
        if (!isOurs(slice)) return;
        this.#expectations.deletionObserved(serviceKey(slice), objectKey(slice));
        loop.enqueue(serviceKey(slice));
      },
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { client } = this.#context;
    const service = this.#servicePods.services.get(key);
    // Slices of a deleted service go with it by their owner reference.
    if (!service || !hasSelector(service) || service.metadata.deletionTimestamp) return {};
    if (!this.#expectations.satisfied(key)) return {};
    const current = this.#slices.byIndex(indexName, key);
    const plan = planSlices(service, this.#servicePods.podsOf(service), (name) => this.#nodes.get(name), current);
    for (const slice of plan.create) {
      this.#expectations.expectCreations(key, 1);
      try {
        await client.create(endpointSlices, slice);
      } catch (error) {
        this.#expectations.creationObserved(key);
        if (isNamespaceTerminating(error)) return {};
        throw error;
      }
    }
    for (const slice of plan.update) await client.update(endpointSlices, slice);
    for (const slice of plan.delete) await this.#delete(key, slice);
    return {};
  }

  async #delete(key: string, slice: EndpointSlice): Promise<void> {
    const { name, namespace, uid } = slice.metadata;
    this.#expectations.expectDeletion(key, objectKey(slice));
    try {
      await this.#context.client.delete(endpointSlices, name, namespace, { preconditions: { uid } });
    } catch (error) {
      this.#expectations.deletionObserved(key, objectKey(slice));
      if (!isNotFound(error)) throw error;
    }
  }
}

function isOurs(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[managedByLabel] === managedBy;
}

function serviceKey(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
}
