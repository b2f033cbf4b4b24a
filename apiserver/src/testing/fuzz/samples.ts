/** The smallest valid object of each kind that can be created, to start from. */

import type { JsonObject } from '@kubelab/apimachinery/json';

const podSpec = { containers: [{ name: 'c', image: 'i' }] };
const labels = { app: 'a' };
const template = { metadata: { labels }, spec: podSpec };
const selector = { matchLabels: labels };
const backend = { service: { name: 's', port: { number: 80 } } };
const role = { apiGroup: 'rbac.authorization.k8s.io', name: 'view' };
const attributes = { namespace: 'default', verb: 'get', resource: 'pods' };

/** By `plural.group`; what a kind needs besides a name. Kinds that are not here cannot be created by clients. */
export const samples: Readonly<Record<string, JsonObject>> = {
  'pods.': { spec: podSpec },
  'services.': { spec: { ports: [{ port: 80 }] } },
  'endpoints.': { subsets: [{ addresses: [{ ip: '10.1.1.1' }], ports: [{ port: 80 }] }] },
  'nodes.': { spec: {} },
  'namespaces.': {},
  'configmaps.': { data: { a: 'b' }, binaryData: { c: 'AAEC' } },
  'secrets.': { data: { a: 'AAEC' } },
  'serviceaccounts.': {},
  'events.': { involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' }, reason: 'R', type: 'Normal' },
  'limitranges.': { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } },
  'resourcequotas.': { spec: { hard: { 'count/widgets.example.com': '5' } } },
  'replicationcontrollers.': { spec: { replicas: 1, selector: labels, template } },
  'podtemplates.': { template },
  'persistentvolumes.': {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp' } },
  },
  'persistentvolumeclaims.': {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  'deployments.apps': { spec: { selector, template } },
  'replicasets.apps': { spec: { selector, template } },
  'statefulsets.apps': { spec: { serviceName: 's', selector, template } },
  'daemonsets.apps': { spec: { selector, template } },
  'controllerrevisions.apps': { revision: 1, data: { any: [1, null, { deep: 'x' }] } },
  'jobs.batch': { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
  'cronjobs.batch': {
    spec: {
      schedule: '* * * * *',
      jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
    },
  },
  'horizontalpodautoscalers.autoscaling': {
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
  },
  'ingresses.networking.k8s.io': { spec: { defaultBackend: backend } },
  'ingressclasses.networking.k8s.io': { spec: { controller: 'example.com/c' } },
  'networkpolicies.networking.k8s.io': { spec: { podSelector: selector } },
  'ipaddresses.networking.k8s.io': {},
  'servicecidrs.networking.k8s.io': { spec: { cidrs: ['10.1.0.0/16'] } },
  'poddisruptionbudgets.policy': { spec: { minAvailable: 1, selector } },
  'roles.rbac.authorization.k8s.io': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  'clusterroles.rbac.authorization.k8s.io': { rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] },
  'rolebindings.rbac.authorization.k8s.io': { roleRef: { ...role, kind: 'ClusterRole' }, subjects: [] },
  'clusterrolebindings.rbac.authorization.k8s.io': { roleRef: { ...role, kind: 'ClusterRole' }, subjects: [] },
  'storageclasses.storage.k8s.io': { provisioner: 'example.com/p' },
  'csidrivers.storage.k8s.io': { spec: {} },
  'csinodes.storage.k8s.io': { spec: { drivers: [{ name: 'd', nodeID: 'n' }] } },
  'csistoragecapacities.storage.k8s.io': { storageClassName: 'c', capacity: '1Gi' },
  'volumeattachments.storage.k8s.io': {
    spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } },
  },
  'volumeattributesclasses.storage.k8s.io': { driverName: 'd', parameters: { a: 'b' } },
  'priorityclasses.scheduling.k8s.io': { value: 7 },
  'leases.coordination.k8s.io': { spec: { holderIdentity: 'h', leaseDurationSeconds: 3 } },
  'endpointslices.discovery.k8s.io': { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.1.1'] }] },
  'events.events.k8s.io': {
    eventTime: '2024-05-01T11:00:00.000000Z',
    reportingController: 'example.com/c',
    reportingInstance: 'i',
    action: 'A',
    reason: 'R',
    type: 'Normal',
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
  },
  'certificatesigningrequests.certificates.k8s.io': {
    spec: { request: 'eA==', signerName: 'example.com/s', usages: ['client auth'] },
  },
  'runtimeclasses.node.k8s.io': { handler: 'h' },
  'flowschemas.flowcontrol.apiserver.k8s.io': { spec: { priorityLevelConfiguration: { name: 'p' } } },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  },
  'customresourcedefinitions.apiextensions.k8s.io': {
    spec: {
      group: 'fuzz.example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
  'apiservices.apiregistration.k8s.io': { spec: { groupPriorityMinimum: 1, versionPriority: 1 } },
  'validatingwebhookconfigurations.admissionregistration.k8s.io': { webhooks: [] },
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': { webhooks: [] },
  'validatingadmissionpolicies.admissionregistration.k8s.io': { spec: {} },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': { spec: {} },
  'tokenreviews.authentication.k8s.io': { spec: { token: 't' } },
  'selfsubjectreviews.authentication.k8s.io': {},
  'subjectaccessreviews.authorization.k8s.io': { spec: { user: 'u', resourceAttributes: attributes } },
  'selfsubjectaccessreviews.authorization.k8s.io': { spec: { resourceAttributes: attributes } },
  'selfsubjectrulesreviews.authorization.k8s.io': { spec: { namespace: 'default' } },
  'localsubjectaccessreviews.authorization.k8s.io': {
    metadata: { namespace: 'default' },
    spec: { user: 'u', resourceAttributes: attributes },
  },
  'bindings.': { target: { kind: 'Node', name: 'n' } },
};

/** A custom kind with something of everything that schemas can say. */
export const customKind: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.list[0].size' }],
        selectableFields: [{ jsonPath: '.spec.text' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  replicas: { type: 'integer', format: 'int32', minimum: 0, default: 1 },
                  big: { type: 'integer', format: 'int64' },
                  ratio: { type: 'number', maximum: 10 },
                  text: { type: 'string', pattern: '^[a-z]*$', maxLength: 20 },
                  when: { type: 'string', format: 'date-time' },
                  port: { 'x-kubernetes-int-or-string': true },
                  flag: { type: 'boolean', nullable: true },
                  mode: { type: 'string', enum: ['a', 'b'] },
                  list: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                    items: {
                      type: 'object',
                      required: ['name'],
                      properties: { name: { type: 'string' }, size: { type: 'integer', default: 3 } },
                    },
                  },
                  set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
                  map: { type: 'object', additionalProperties: { type: 'integer' } },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  choice: {
                    type: 'object',
                    properties: { one: { type: 'string' }, two: { type: 'string' } },
                    oneOf: [{ required: ['one'] }, { required: ['two'] }],
                  },
                },
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
};
