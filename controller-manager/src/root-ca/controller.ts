/** Publishes the cluster's CA to every namespace, for pods to trust the API server by. */

import { configMaps, namespaces } from '@kubelab/api/resource-types';
import { deepEqual } from '@kubelab/apimachinery/json';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import { readConfigFile } from '@kubelab/component/files';
import { type ControllerDefinition, createLoop } from '../manager/context.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';

const configMapName = 'kube-root-ca.crt';
const annotations = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. ' +
    'No other usage is guaranteed across distributions of Kubernetes clusters.',
};

export const rootCaPublisher: ControllerDefinition = {
  name: 'root-ca-certificate-publisher-controller',
  serviceAccount: 'root-ca-cert-publisher',
  enabled: (config) => config['root-ca-file'] !== '',
  create: (context) => {
    const { client, informers, config } = context;
    const data = { 'ca.crt': readConfigFile('root-ca-file', config['root-ca-file']).toString('utf8') };
    const spaces = informers.of(namespaces);
    const maps = informers.of(configMaps);
    const publish = async (namespace: string): Promise<void> => {
      const current = maps.get(`${namespace}/${configMapName}`);
      if (!current) {
        await client.create(configMaps, {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: configMapName, namespace, annotations },
          data,
        });
      } else if (!deepEqual(current.data ?? {}, data)) {
        await client.update(configMaps, {
          ...current,
          metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } },
          data,
        });
      }
    };
    const loop = createLoop(context, 'root_ca_cert_publisher', {
      reconcile: async (name) => {
        const namespace = spaces.get(name);
        if (!namespace || namespace.metadata.deletionTimestamp) return {};
        try {
          await publish(name);
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
    const check = ({ metadata }: { metadata: { name: string; namespace?: string } }): void => {
      if (metadata.name === configMapName) loop.enqueue(metadata.namespace ?? '');
    };
    maps.addHandlers({ onUpdate: (_old, map) => check(map), onDelete: check });
    return loop;
  },
};
