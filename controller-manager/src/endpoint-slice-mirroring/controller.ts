/** Mirrors Endpoints of services without a selector to EndpointSlices, which is what proxies and DNS read. */

import { endpoints as endpointsType, services as serviceType } from '@kubelab/api/resource-types';
import type { Endpoints, Service } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import type { Informer } from '@kubelab/client/informer';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { ManagedSlices } from '../endpoint-slice/managed-slices.js';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { isMirrored, mirroringManager, planMirror } from './plan.js';

export const endpointSliceMirroringController: ControllerDefinition = {
  name: 'endpointslice-mirroring-controller',
  serviceAccount: 'endpointslicemirroring-controller',
  enabled: () => true,
  create: (context) => {
    const slices = new ManagedSlices(context, mirroringManager);
    const reconciler = new MirrorReconciler(context, slices);
    const loop = createLoop(context, 'endpoint_slice_mirroring', reconciler);
    reconciler.feed(loop);
    slices.feed(loop);
    return loop;
  },
};

class MirrorReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #endpoints: Informer<Endpoints>;
  readonly #services: Informer<Service>;
  readonly #slices: ManagedSlices;

  constructor(context: ManagerContext, slices: ManagedSlices) {
    this.#context = context;
    this.#endpoints = context.informers.of(endpointsType);
    this.#services = context.informers.of(serviceType);
    this.#slices = slices;
  }

  feed(loop: Controller): void {
    const enqueue = (object: Endpoints | Service): void => loop.enqueue(objectKey(object));
    this.#endpoints.addHandlers({ onAdd: enqueue, onUpdate: (_old, object) => enqueue(object), onDelete: enqueue });
    this.#services.addHandlers({ onAdd: enqueue, onUpdate: (_old, object) => enqueue(object), onDelete: enqueue });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    if (!this.#slices.upToDate(key)) return {};
    const endpoints = this.#endpoints.get(key);
    const current = this.#slices.of(key);
    if (!endpoints || !isMirrored(endpoints, this.#services.get(key))) {
      await this.#slices.carryOut(key, { create: [], update: [], delete: current });
      return {};
    }
    const plan = planMirror(endpoints, current);
    if (plan.skipped > 0) {
      const message = `A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. ${plan.skipped} addresses were skipped`;
      this.#context.recorder.event(endpoints, 'Warning', 'TooManyAddressesToMirror', message);
    }
    await this.#slices.carryOut(key, plan);
    return {};
  }
}
