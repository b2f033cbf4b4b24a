import { completeObject } from './complete-object.js';

function completed(apiVersion: string, kind: string, object: Record<string, unknown>): Record<string, unknown> {
  const copy = structuredClone(object);
  completeObject(apiVersion, kind, copy);
  const again = structuredClone(copy);
  completeObject(apiVersion, kind, again);
  expect(again).toEqual(copy);
  return copy;
}

it('drops empty values that Go omits, and keeps those behind pointers', () => {
  const spec = {
    replicas: 0,
    minReadySeconds: 0,
    paused: false,
    revisionHistoryLimit: 0,
    selector: { matchLabels: {}, matchExpressions: [] },
    template: {
      metadata: { labels: { app: 'x' }, annotations: {}, creationTimestamp: null },
      spec: {
        hostNetwork: false,
        enableServiceLinks: false,
        nodeName: '',
        terminationGracePeriodSeconds: 0,
        tolerations: [],
        containers: [
          {
            name: 'c',
            image: '',
            env: [],
            command: [],
            tty: false,
            ports: [{ containerPort: 80, hostPort: 0 }],
            resources: { limits: {} },
            securityContext: { privileged: false, runAsUser: 0 },
          },
        ],
      },
    },
  };
  expect(completed('apps/v1', 'Deployment', { metadata: { name: 'd', namespace: '' }, spec })).toEqual({
    metadata: { name: 'd' },
    spec: {
      replicas: 0,
      revisionHistoryLimit: 0,
      selector: {},
      strategy: {},
      template: {
        metadata: { labels: { app: 'x' }, creationTimestamp: null },
        spec: {
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'c',
              ports: [{ containerPort: 80 }],
              resources: {},
              securityContext: { privileged: false, runAsUser: 0 },
            },
          ],
        },
      },
    },
    status: {},
  });
});

it.each([
  [
    'v1',
    'Node',
    { spec: { unschedulable: false } },
    { spec: {}, status: expect.objectContaining({ daemonEndpoints: { kubeletEndpoint: { Port: 0 } } }) },
  ],
  ['v1', 'Namespace', {}, { spec: {}, status: {} }],
  ['v1', 'Service', { spec: { publishNotReadyAddresses: false } }, { spec: {}, status: { loadBalancer: {} } }],
  ['v1', 'ConfigMap', { data: {}, immutable: false }, { immutable: false }],
  ['v1', 'Secret', { data: {}, type: '' }, {}],
  ['v1', 'LimitRange', { spec: { limits: [] } }, { spec: { limits: null } }],
  ['apps/v1', 'ReplicaSet', {}, { status: { replicas: 0 } }],
  ['apps/v1', 'StatefulSet', { spec: { serviceName: '' } }, { status: { replicas: 0, availableReplicas: 0 } }],
  ['batch/v1', 'CronJob', { spec: { jobTemplate: {} } }, { status: {} }],
  [
    'discovery.k8s.io/v1',
    'EndpointSlice',
    { endpoints: [{ addresses: ['1.1.1.1'] }] },
    { ports: null, endpoints: [{ addresses: ['1.1.1.1'], conditions: {} }] },
  ],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole', { rules: [] }, { rules: null }],
  ['storage.k8s.io/v1', 'CSINode', {}, { spec: { drivers: null } }],
  ['networking.k8s.io/v1', 'NetworkPolicy', {}, { spec: { podSelector: {} } }],
  ['autoscaling/v2', 'HorizontalPodAutoscaler', {}, { status: { desiredReplicas: 0, currentMetrics: null } }],
  ['policy/v1', 'PodDisruptionBudget', {}, { spec: {} }],
])('%s %s has what Go always writes', (apiVersion, kind, object, expected) => {
  expect(completed(apiVersion, kind, { metadata: { name: 'x' }, ...object })).toMatchObject(expected);
});

it('writes times that are not set as null, and the state of containers', () => {
  const status = {
    conditions: [{ type: 'Ready', status: 'True', reason: '' }],
    containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state: { running: {} } }],
  };
  expect(completed('v1', 'Pod', { status })['status']).toEqual({
    conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null }],
    containerStatuses: [
      {
        name: 'c',
        image: 'i',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { running: { startedAt: null } },
        lastState: {},
      },
    ],
  });
});

it('completes schemas at every depth', () => {
  const inner = { type: 'string', nullable: false, title: '' };
  const schema = {
    type: 'object',
    properties: { a: inner },
    items: [inner, inner],
    additionalProperties: inner,
    dependencies: { a: ['b'], b: inner },
    default: { nullable: false, title: '', list: [] },
    enum: ['', 0, false],
    'x-kubernetes-preserve-unknown-fields': false,
    'x-kubernetes-int-or-string': false,
  };
  const versions = [
    { name: 'v1', served: false, storage: true, deprecated: false, schema: { openAPIV3Schema: schema } },
  ];
  const { spec } = completed('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { spec: { versions } });
  const kept = { type: 'string' };
  expect(spec).toMatchObject({ names: { kind: '', plural: '' } });
  expect((spec as { versions: unknown }).versions).toEqual([
    {
      name: 'v1',
      served: false,
      storage: true,
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: { a: kept },
          items: [kept, kept],
          additionalProperties: kept,
          dependencies: { a: ['b'], b: kept },
          default: { nullable: false, title: '', list: [] },
          enum: ['', 0, false],
          'x-kubernetes-preserve-unknown-fields': false,
        },
      },
    },
  ]);
});

it('leaves values of the wrong type, and kinds that it does not know', () => {
  const odd = { metadata: 'x', spec: [], data: ['a', ''], immutable: 0 };
  expect(completed('v1', 'ConfigMap', odd)).toEqual(odd);
  expect(completed('example.com/v1', 'Thing', { spec: { empty: '' } })).toEqual({ spec: { empty: '' } });
});
