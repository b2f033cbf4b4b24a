/** A small set of definitions in the shape of upstream's, for the tests of patches and apply. */

import { type OpenApiDefinitions, schemaFromOpenApi } from './openapi-schema.js';
import type { TypeSchema } from './schema.js';

const ref = (name: string) => ({ $ref: `#/definitions/io.k8s.api.test.v1.${name}` });
const map = { type: 'object', additionalProperties: { type: 'string' } };
const strings = { type: 'array', items: { type: 'string' } };

function mergeList(items: object, key: string, keys: readonly string[] = [key]) {
  return {
    type: 'array',
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': key,
  };
}

export const testDefinitions: OpenApiDefinitions = {
  'io.k8s.api.test.v1.Deployment': {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: ref('ObjectMeta'),
      spec: ref('DeploymentSpec'),
      status: ref('DeploymentStatus'),
    },
  },
  'io.k8s.api.test.v1.ObjectMeta': {
    type: 'object',
    properties: {
      name: { type: 'string' },
      namespace: { type: 'string' },
      uid: { type: 'string' },
      resourceVersion: { type: 'string' },
      generation: { type: 'integer' },
      creationTimestamp: { type: 'string', format: 'date-time' },
      labels: map,
      annotations: map,
      finalizers: { ...strings, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
      managedFields: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'atomic' },
    },
  },
  'io.k8s.api.test.v1.DeploymentSpec': {
    type: 'object',
    required: ['selector', 'template'],
    properties: {
      replicas: { type: 'integer' },
      paused: { type: 'boolean' },
      selector: { ...ref('LabelSelector'), 'x-kubernetes-map-type': 'atomic' },
      strategy: { ...ref('Strategy'), 'x-kubernetes-patch-strategy': 'retainKeys' },
      template: ref('PodTemplateSpec'),
    },
  },
  'io.k8s.api.test.v1.LabelSelector': { type: 'object', properties: { matchLabels: map } },
  'io.k8s.api.test.v1.Strategy': {
    type: 'object',
    properties: {
      type: { type: 'string' },
      rollingUpdate: {
        type: 'object',
        properties: { maxSurge: { type: 'string', format: 'int-or-string' } },
      },
    },
  },
  'io.k8s.api.test.v1.PodTemplateSpec': {
    type: 'object',
    properties: { metadata: ref('ObjectMeta'), spec: ref('PodSpec') },
  },
  'io.k8s.api.test.v1.PodSpec': {
    type: 'object',
    required: ['containers'],
    properties: {
      containers: mergeList(ref('Container'), 'name'),
      volumes: { ...mergeList(ref('Volume'), 'name'), 'x-kubernetes-patch-strategy': 'merge,retainKeys' },
      tolerations: { type: 'array', items: { type: 'object', properties: { key: { type: 'string' } } } },
      nodeSelector: { ...map, 'x-kubernetes-map-type': 'atomic' },
      gates: mergeList({ type: 'object', properties: { name: { type: 'string' } } }, 'name'),
    },
  },
  'io.k8s.api.test.v1.Container': {
    type: 'object',
    properties: {
      name: { type: 'string' },
      image: { type: 'string' },
      args: { ...strings, 'x-kubernetes-list-type': 'atomic' },
      env: mergeList({ type: 'object', properties: { name: { type: 'string' }, value: { type: 'string' } } }, 'name'),
      ports: mergeList(ref('ContainerPort'), 'containerPort', ['containerPort', 'protocol']),
      resources: {
        type: 'object',
        properties: {
          limits: {
            type: 'object',
            additionalProperties: {
              $ref: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity',
            },
          },
        },
      },
    },
  },
  'io.k8s.api.test.v1.ContainerPort': {
    type: 'object',
    properties: {
      name: { type: 'string' },
      containerPort: { type: 'integer' },
      protocol: { type: 'string', default: 'TCP' },
    },
  },
  'io.k8s.api.test.v1.Volume': {
    type: 'object',
    properties: {
      name: { type: 'string' },
      emptyDir: { type: 'object', properties: { medium: { type: 'string' } } },
      configMap: { type: 'object', properties: { name: { type: 'string' } } },
    },
  },
  'io.k8s.api.test.v1.DeploymentStatus': {
    type: 'object',
    properties: {
      replicas: { type: 'integer' },
      conditions: mergeList(
        { type: 'object', properties: { type: { type: 'string' }, status: { type: 'string' } } },
        'type',
      ),
    },
  },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string' },
};

export function deploymentSchema(): TypeSchema {
  return schemaFromOpenApi(testDefinitions, 'io.k8s.api.test.v1.Deployment');
}
