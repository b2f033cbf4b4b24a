/** The EndpointSlices that one controller manages: which they are, and how a plan for one service's is carried out. */

import { endpointSlices } from '@kubelab/api/resource-types';
import type { EndpointSlice } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import { Expectations } from '@kubelab/controller/expectations';
import type { Controller } from '@kubelab/controller/loop';
import type { ManagerContext } from '../manager/context.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';
import { managedByLabel, type SlicePlan, serviceNameLabel } from './plan.js';

export class ManagedSlices {
  readonly #context: ManagerContext;
  readonly #manager: string;
  readonly #index: string;
  readonly #slices: Informer<EndpointSlice>;
  readonly #expectations: Expectations;

  /** `manager` is what the label `endpointslice.kubernetes.io/managed-by` of the controller's slices says. */
  constructor(context: ManagerContext, manager: string) {
    this.#context = context;
    this.#manager = manager;
    this.#index = `service of ${manager}`;
    this.#slices = context.informers.of(endpointSlices);
    this.#expectations = new Expectations({ clock: context.clock });
    this.#slices.addIndex(this.#index, (slice) => (this.#isOurs(slice) ? [serviceKey(slice)] : []));
  }

  /** Every change of a slice is a reason to look at its service. */
  feed(loop: Controller): void {
    const seen = (slice: EndpointSlice, observe?: (key: string) => void): void => {
      if (!this.#isOurs(slice)) return;
      const key = serviceKey(slice);
      observe?.(key);
      loop.enqueue(key);
    };
    this.#slices.addHandlers({
      onAdd: (slice) => seen(slice, (key) => this.#expectations.creationObserved(key)),
      onUpdate: (_old, slice) => seen(slice),
      onDelete: (slice) => seen(slice, (key) => this.#expectations.deletionObserved(key, objectKey(slice))),
    });
  }

  /** Whether the cache shows all that was created and deleted for the service: a plan made before would do it twice. */
  upToDate(service: string): boolean {
    return this.#expectations.satisfied(service);
  }

  of(service: string): EndpointSlice[] {
    return this.#slices.byIndex(this.#index, service);
  }

  async carryOut(service: string, plan: SlicePlan): Promise<void> {
    const { client } = this.#context;
    for (const slice of plan.create) {
      this.#expectations.expectCreations(service, 1);
      try {
        await client.create(endpointSlices, slice);
      } catch (error) {
        this.#expectations.creationObserved(service);
        if (isNamespaceTerminating(error)) return;
        throw error;
      }
    }
    for (const slice of plan.update) await client.update(endpointSlices, slice);
    for (const slice of plan.delete) await this.#delete(service, slice);
  }

  async #delete(service: string, slice: EndpointSlice): Promise<void> {
    const { name, namespace, uid } = slice.metadata;
    this.#expectations.expectDeletion(service, objectKey(slice));
    try {
      await this.#context.client.delete(endpointSlices, name, namespace, { preconditions: { uid } });
    } catch (error) {
      this.#expectations.deletionObserved(service, objectKey(slice));
      if (!isNotFound(error)) throw error;
    }
  }

  #isOurs(slice: EndpointSlice): boolean {
    return slice.metadata.labels?.[managedByLabel] === this.#manager;
  }
}

function serviceKey(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
}
