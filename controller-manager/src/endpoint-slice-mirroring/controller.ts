/** Mirrors Endpoints of services without a selector to EndpointSlices, which is what proxies and DNS read. */

import { endpointSlices, endpoints as endpointsType, services as serviceType } from '@kubelab/api/resource-types';
import type { EndpointSlice, Endpoints, Service } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import { Expectations } from '@kubelab/controller/expectations';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { managedByLabel, serviceNameLabel } from '../endpoint-slice/plan.js';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';
import { isMirrored, mirroringManager, planMirror } from './plan.js';

export const endpointSliceMirroringController: ControllerDefinition = {
  name: 'endpointslice-mirroring-controller',
  serviceAccount: 'endpointslicemirroring-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new MirrorReconciler(context);
    const loop = createLoop(context, 'endpoint_slice_mirroring', reconciler);
    reconciler.feed(loop);
    return loop;
  },
};

const indexName = 'mirrored-service';

class MirrorReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #endpoints: Informer<Endpoints>;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #expectations: Expectations;

  constructor(context: ManagerContext) {
    const { informers, clock } = context;
    this.#context = context;
    this.#endpoints = informers.of(endpointsType);
    this.#services = informers.of(serviceType);
    this.#slices = informers.of(endpointSlices);
    this.#expectations = new Expectations({ clock });
    this.#slices.addIndex(indexName, (slice) => (isOurs(slice) ? [serviceKey(slice)] : []));
  }

  feed(loop: Controller): void {
    const enqueue = (object: Endpoints | Service): void => loop.enqueue(objectKey(object));
    this.#endpoints.addHandlers({ onAdd: enqueue, onUpdate: (_old, object) => enqueue(object), onDelete: enqueue });
    this.#services.addHandlers({ onAdd: enqueue, onUpdate: (_old, object) => enqueue(object), onDelete: enqueue });
    const seen = (slice: EndpointSlice, observe: (key: string) => void): void => {
      if (!isOurs(slice)) return;
      observe(serviceKey(slice));
      loop.enqueue(serviceKey(slice));
    };
    this.#slices.addHandlers({
      onAdd: (slice) => seen(slice, (key) => this.#expectations.creationObserved(key)),
      onUpdate: (_old, slice) => seen(slice, () => undefined),
      onDelete: (slice) => seen(slice, (key) => this.#expectations.deletionObserved(key, objectKey(slice))),
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    if (!this.#expectations.satisfied(key)) return {};
    const endpoints = this.#endpoints.get(key);
    const current = this.#slices.byIndex(indexName, key);
    if (!endpoints || !isMirrored(endpoints, this.#services.get(key))) {
      for (const slice of current) await this.#delete(key, slice);
      return {};
    }
    const { client, recorder } = this.#context;
    const plan = planMirror(endpoints, current);
    if (plan.skipped > 0) {
      const message = `A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. ${plan.skipped} addresses were skipped`;
      recorder.event(endpoints, 'Warning', 'TooManyAddressesToMirror', message);
    }
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
  return slice.metadata.labels?.[managedByLabel] === mirroringManager;
}

function serviceKey(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
}
