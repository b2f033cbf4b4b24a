/** Keeps the Endpoints object of every service with a selector. */

import { endpoints } from '@kubelab/api/resource-types';
import type { Endpoints } from '@kubelab/api/types';
import { isAlreadyExists, isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';
import { planEndpoints } from './plan.js';
import { hasSelector } from './pod-endpoints.js';
import { ServicePods } from './service-pods.js';

export const endpointsController: ControllerDefinition = {
  name: 'endpoints-controller',
  serviceAccount: 'endpoint-controller',
  enabled: () => true,
  create: (context) => {
    const servicePods = new ServicePods(context);
    const loop = createLoop(context, 'endpoint', new EndpointsReconciler(context, servicePods));
    servicePods.feed(loop);
    return loop;
  },
};

class EndpointsReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #servicePods: ServicePods;
  readonly #endpoints: Informer<Endpoints>;

  constructor(context: ManagerContext, servicePods: ServicePods) {
    this.#context = context;
    this.#servicePods = servicePods;
    this.#endpoints = context.informers.of(endpoints);
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const service = this.#servicePods.services.get(key);
    const current = this.#endpoints.get(key);
    if (!service) await this.#remove(current);
    else if (hasSelector(service)) {
      const wanted = planEndpoints(service, this.#servicePods.podsOf(service), current);
      if (wanted) await this.#write(wanted as Endpoints, current);
    }
    return {};
  }

  async #write(wanted: Endpoints, current: Endpoints | undefined): Promise<void> {
    const { client, recorder } = this.#context;
    try {
      await (current ? client.update(endpoints, wanted) : client.create(endpoints, wanted));
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      if (isConflict(error) || isAlreadyExists(error)) throw error;
      const service = { apiVersion: 'v1', kind: 'Service', metadata: wanted.metadata };
      recorder.event(
        service,
        'Warning',
        'FailedToUpdateEndpoint',
        `Failed to update endpoint ${wanted.metadata.namespace}/${wanted.metadata.name}`,
      );
      throw error;
    }
  }

  async #remove(current: Endpoints | undefined): Promise<void> {
    // Endpoints made by hand, or by a leader election, are not the service's.
    if (current?.metadata.labels?.['endpoints.kubernetes.io/managed-by'] !== 'endpoint-controller') return;
    const { name, namespace, uid } = current.metadata;
    try {
      await this.#context.client.delete(endpoints, name, namespace, { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
