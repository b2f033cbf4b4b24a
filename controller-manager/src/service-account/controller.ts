/** Every namespace has a service account named default. */

import { namespaces, serviceAccounts } from '@kubelab/api/resource-types';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import { type ControllerDefinition, createLoop } from '../manager/context.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';

export const serviceAccountController: ControllerDefinition = {
  name: 'serviceaccount-controller',
  serviceAccount: 'service-account-controller',
  enabled: () => true,
  create: (context) => {
    const { client, informers } = context;
    const spaces = informers.of(namespaces);
    const accounts = informers.of(serviceAccounts);
    const loop = createLoop(context, 'serviceaccount', {
      reconcile: async (name) => {
        const namespace = spaces.get(name);
        if (!namespace || namespace.metadata.deletionTimestamp || accounts.get(`${name}/default`)) return {};
        try {
          await client.create(serviceAccounts, {
            apiVersion: 'v1',
            kind: 'ServiceAccount',
            metadata: { name: 'default', namespace: name },
          });
        } catch (error) {
          if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
        }
        return {};
      },
    });
    spaces.addHandlers({
      onAdd: ({ metadata }) => loop.enqueue(metadata.name),
      onUpdate: (_old, { metadata }) => loop.enqueue(metadata.name),
    });
    accounts.addHandlers({
      onDelete: ({ metadata }) => metadata.name === 'default' && loop.enqueue(metadata.namespace ?? ''),
    });
    return loop;
  },
};
