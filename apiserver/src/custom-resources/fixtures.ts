/** CustomResourceDefinitions for tests. */

import { eventually } from '@kubelab/testkit/eventually';
import type { TestClient } from '../testing/test-client.js';

type Json = Record<string, unknown>;

export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export const widgetSchema: Json = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 10 },
        color: { type: 'string', enum: ['red', 'green'], default: 'red' },
        code: { type: 'string', pattern: '^(a+)+$' },
        port: { 'x-kubernetes-int-or-string': true },
        note: { type: 'string', nullable: true },
        replicas: { type: 'integer', default: 1 },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        template: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        rules: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, value: { type: 'string', default: 'none' } },
          },
        },
      },
    },
    status: {
      type: 'object',
      properties: { replicas: { type: 'integer' }, selector: { type: 'string' }, phase: { type: 'string' } },
    },
  },
};

export interface WidgetOptions {
  kind?: string;
  plural?: string;
  group?: string;
  schema?: Json;
  version?: Json;
  spec?: Json;
  names?: Json;
}

/** `widgets.example.com`, namespaced, with status and scale, unless told otherwise. */
export function widgetDefinition(options: WidgetOptions = {}): Json {
  const { kind = 'Widget', plural = 'widgets', group = 'example.com', schema = widgetSchema } = options;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, ...options.names },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          selectableFields: schema === widgetSchema ? [{ jsonPath: '.spec.color' }] : [],
          additionalPrinterColumns: [
            { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
            { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          ...options.version,
        },
      ],
      ...options.spec,
    },
  };
}

export function widget(name: string, spec: Json, rest: Json = {}): Json {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec, ...rest };
}

/** Creates the definition and waits until its kind is served. */
export async function install(client: TestClient, definition: Json): Promise<void> {
  const created = await client.post(definitionsPath, definition);
  if (created.code !== 201) throw new Error(created.text);
  await established(client, created.body.metadata.name);
}

export async function established(client: TestClient, name: string): Promise<void> {
  await eventually(async () => {
    const { body } = await client.get(`${definitionsPath}/${name}`);
    const conditions = (body.status?.conditions ?? []) as { type: string; status: string }[];
    if (!conditions.some(({ type, status }) => type === 'Established' && status === 'True')) {
      throw new Error(`not established: ${JSON.stringify(conditions)}`);
    }
  });
}
