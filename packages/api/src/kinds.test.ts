import { deployment } from './apps/deployment.js';
import { replicaSet } from './apps/replica-set.js';
import { statefulSet } from './apps/stateful-set.js';
import { horizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.js';
import { cronJob } from './batch/cron-job.js';
import { job } from './batch/job.js';
import { configMap } from './core/config-map.js';
import { endpoints } from './core/endpoints.js';
import { event } from './core/event.js';
import { namespace } from './core/namespace.js';
import { node } from './core/node.js';
import { persistentVolumeClaim } from './core/persistent-volume-claim.js';
import { resourceQuota } from './core/resource-quota.js';
import { secret } from './core/secret.js';
import { service } from './core/service.js';
import { endpointSlice } from './discovery/endpoint-slice.js';
import { clusterRoleBinding } from './rbac/cluster-role-binding.js';
import { role } from './rbac/role.js';
import { priorityClass } from './scheduling/priority-class.js';
import { storageClass } from './storage/storage-class.js';
import { createErrors, decoded, prepared, row, updateErrors } from './testing.js';
import type { CronJob, Deployment, Job, Namespace, Secret, Service } from './types.js';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx:1' }] } };
const selector = { matchLabels: { app: 'web' } };

describe('rows', () => {
  test('node', () => {
    const cells = row(node, {
      metadata: { name: 'node-1', labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'edge' } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'Unknown' }],
        addresses: [{ type: 'InternalIP', address: '172.18.0.3' }],
        nodeInfo: {
          kubeletVersion: 'v1.34.0',
          osImage: 'Debian',
          kernelVersion: '6.1',
          containerRuntimeVersion: 'docker://20',
        },
      },
    });
    expect(cells).toEqual({
      Name: 'node-1',
      Status: 'NotReady,SchedulingDisabled',
      Roles: 'edge,worker',
      Age: '60m',
      Version: 'v1.34.0',
      'Internal-IP': '172.18.0.3',
      'External-IP': '<none>',
      'OS-Image': 'Debian',
      'Kernel-Version': '6.1',
      'Container-Runtime': 'docker://20',
    });
    expect(row(node, {})).toMatchObject({ Status: 'Unknown', Roles: '<none>', 'OS-Image': '<unknown>' });
  });

  test('deployment', () => {
    const cells = row(deployment, {
      spec: { replicas: 3, selector, template },
      status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 },
    });
    expect(cells).toEqual({
      Name: 'test',
      Ready: '2/3',
      'Up-to-date': 3,
      Available: 2,
      Age: '60m',
      Containers: 'web',
      Images: 'nginx:1',
      Selector: 'app=web',
    });
  });

  test('replica set', () => {
    expect(row(replicaSet, { spec: { selector, template } })).toMatchObject({ Desired: 1, Current: 0, Ready: 0 });
  });

  test('service', () => {
    const ports = [{ port: 80 }, { port: 443, nodePort: 30443, protocol: 'UDP' }];
    expect(row(service, { spec: { ports, clusterIPs: ['10.96.0.7'], selector: { b: '2', a: '1' } } })).toEqual({
      Name: 'test',
      Type: 'ClusterIP',
      'Cluster-IP': '10.96.0.7',
      'External-IP': '<none>',
      'Port(s)': '80/TCP,443:30443/UDP',
      Age: '60m',
      Selector: 'a=1,b=2',
    });
    expect(row(service, { spec: { type: 'LoadBalancer' } })).toMatchObject({
      'Cluster-IP': '<none>',
      'External-IP': '<pending>',
      'Port(s)': '<none>',
      Selector: '<none>',
    });
    expect(row(service, { spec: { type: 'ExternalName', externalName: 'x.y' } })['External-IP']).toBe('x.y');
  });

  test('endpoints and slices', () => {
    const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
    const subsets = [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ port: 80 }] }];
    expect(row(endpoints, { subsets })['Endpoints']).toBe('10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...');
    expect(row(endpoints, {})['Endpoints']).toBe('<none>');
    const slice = { addressType: 'IPv4', endpoints: [{ addresses }], ports: [{ port: 80 }, { name: 'x' }] };
    expect(row(endpointSlice, slice)).toMatchObject({
      Ports: '80,x',
      Endpoints: '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...',
    });
    expect(row(endpointSlice, { addressType: 'IPv4', endpoints: [] })).toMatchObject({
      Ports: '<unset>',
      Endpoints: '<unset>',
    });
  });

  test('event', () => {
    const cells = row(event, {
      involvedObject: { kind: 'Pod', name: 'web', namespace: 'default', fieldPath: 'spec.containers{web}' },
      reason: 'Pulled',
      message: ' done \n',
      type: 'Normal',
      count: 4,
      source: { component: 'kubelet', host: 'node-1' },
      firstTimestamp: '2024-05-01T11:30:00Z',
      lastTimestamp: '2024-05-01T11:59:00Z',
    });
    expect(cells).toEqual({
      'Last Seen': '60s',
      Type: 'Normal',
      Reason: 'Pulled',
      Object: 'pod/web',
      Subobject: 'spec.containers{web}',
      Source: 'kubelet, node-1',
      Message: 'done',
      'First Seen': '30m',
      Count: 4,
      Name: 'test',
    });
  });

  test('jobs', () => {
    const status = { startTime: '2024-05-01T11:00:00Z', completionTime: '2024-05-01T11:00:42Z', succeeded: 1 };
    const done = { ...status, conditions: [{ type: 'Complete', status: 'True' }] };
    expect(row(job, { spec: { template }, status: done })).toMatchObject({
      Status: 'Complete',
      Completions: '1/1',
      Duration: '42s',
    });
    expect(row(cronJob, { spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } } })).toMatchObject({
      Schedule: '* * * * *',
      Timezone: '<none>',
      Suspend: 'False',
      Active: 0,
      'Last Schedule': '<none>',
    });
  });

  test('quota, autoscaler, class and binding', () => {
    const hard = { pods: '10', 'limits.cpu': '4' };
    expect(row(resourceQuota, { status: { hard, used: { pods: '3' } } })).toMatchObject({
      Request: 'pods: 3/10',
      Limit: 'limits.cpu: 0/4',
    });
    const spec = { maxReplicas: 5, scaleTargetRef: { kind: 'Deployment', name: 'web' } };
    expect(row(horizontalPodAutoscaler, { spec })).toMatchObject({
      Reference: 'Deployment/web',
      Targets: 'cpu: <unknown>/80%',
      MinPods: '1',
    });
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    expect(row(storageClass, { metadata: { annotations }, provisioner: 'x.y/z' })['Name']).toBe('test (default)');
    const subjects = [
      { kind: 'User', name: 'jane' },
      { kind: 'ServiceAccount', name: 'sa', namespace: 'ns' },
    ];
    expect(row(clusterRoleBinding, { roleRef: { kind: 'ClusterRole', name: 'edit' }, subjects })).toMatchObject({
      Role: 'ClusterRole/edit',
      Users: 'jane',
      Groups: '',
      ServiceAccounts: 'ns/sa',
    });
  });

  test('kinds without columns of their own', () => {
    expect(row(role, {})).toEqual({ Name: 'test', 'Created At': '2024-05-01T11:00:00Z' });
  });
});

describe('defaults', () => {
  test('deployment', () => {
    const object = prepared<Deployment>(deployment, { spec: { selector, template } });
    expect(object.spec).toMatchObject({
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    });
    expect(object.spec.template.spec).toMatchObject({
      restartPolicy: 'Always',
      containers: [{ imagePullPolicy: 'IfNotPresent' }],
    });
    expect(object.spec.template.spec).not.toHaveProperty('enableServiceLinks');
    expect(object.status).toEqual({});
  });

  test('service', () => {
    const object = prepared<Service>(service, { spec: { ports: [{ port: 80 }], clusterIP: '10.96.0.9' } });
    expect(object.spec).toEqual({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      clusterIP: '10.96.0.9',
      clusterIPs: ['10.96.0.9'],
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    });
    expect(object.status).toEqual({ loadBalancer: {} });
    const external = prepared<Service>(service, {
      spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 'http' }] },
    });
    expect(external.spec).toMatchObject({ externalTrafficPolicy: 'Cluster', ports: [{ targetPort: 'http' }] });
  });

  test('namespace', () => {
    const object = prepared<Namespace>(namespace, { metadata: { name: 'x' }, status: { phase: 'Terminating' } });
    expect(object.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'x' });
    expect(object.spec).toEqual({ finalizers: ['kubernetes'] });
    expect(object.status).toEqual({ phase: 'Active' });
  });

  test('secret', () => {
    const object = decoded<Secret>(secret, { stringData: { a: 'ä' }, data: { a: 'eA==', b: 'eA==' } });
    expect(object).toMatchObject({ type: 'Opaque', data: { a: 'w6Q=', b: 'eA==' } });
    expect(object).not.toHaveProperty('stringData');
  });

  test('job', () => {
    const never = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
    const object = prepared<Job>(job, { metadata: { name: 'j' }, spec: { template: never } });
    expect(object.spec).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
    });
    expect(object.spec.selector?.matchLabels).toEqual({ 'batch.kubernetes.io/controller-uid': object.metadata.uid });
    expect(object.spec.template.metadata?.labels).toMatchObject({
      'batch.kubernetes.io/job-name': 'j',
      'job-name': 'j',
    });
    expect(createErrors(job, { spec: { template: never } })).toEqual([]);
  });

  test('cron job', () => {
    const object = prepared<CronJob>(cronJob, { spec: { schedule: '@daily', jobTemplate: { spec: { template } } } });
    expect(object.spec).toMatchObject({ concurrencyPolicy: 'Allow', suspend: false, failedJobsHistoryLimit: 1 });
    expect(object.spec.jobTemplate.spec).not.toHaveProperty('backoffLimit');
  });
});

describe('validation', () => {
  test('deployment', () => {
    expect(createErrors(deployment, { spec: { selector, template } })).toEqual([]);
    expect(createErrors(deployment, { spec: { selector: { matchLabels: { app: 'api' } }, template } })).toEqual([
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ]);
    expect(createErrors(deployment, { spec: { template } })).toEqual([
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ]);
    expect(createErrors(deployment, { spec: { selector: {}, template } })).toEqual([
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ]);
    expect(createErrors(deployment, { spec: { selector, template, replicas: -1 } })).toEqual([
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
    const rollingUpdate = { maxUnavailable: 0, maxSurge: '0%' };
    expect(createErrors(deployment, { spec: { selector, template, strategy: { rollingUpdate } } })).toEqual([
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ]);
    const recreate = { type: 'Recreate', rollingUpdate: { maxSurge: 1 } };
    expect(createErrors(deployment, { spec: { selector, template, strategy: recreate } })).toEqual([
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ]);
    const never = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
    expect(createErrors(deployment, { spec: { selector, template: never } })).toEqual([
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ]);
    const both = { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'app', operator: 'Exists' }] };
    expect(updateErrors(deployment, { spec: { selector, template } }, { spec: { selector: both, template } })).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"web"},"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable',
    ]);
    expect(createErrors(deployment, {})).toEqual([
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
      'spec.template.spec.containers: Required value',
    ]);
  });

  test('service', () => {
    expect(createErrors(service, { spec: {} })).toEqual(['spec.ports: Required value']);
    expect(createErrors(service, { spec: { ports: [{ port: 80 }, { port: 81 }] } })).toEqual([
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
    ]);
    expect(createErrors(service, { metadata: { name: '1a' }, spec: { ports: [{ port: 0 }] } })).toEqual([
      `metadata.name: Invalid value: "1a": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
    ]);
    expect(createErrors(service, { spec: { ports: [{ port: 80, nodePort: 30000 }] } })).toEqual([
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ]);
    expect(createErrors(service, { spec: { type: 'NodePort', clusterIP: 'None', ports: [{ port: 80 }] } })).toEqual([
      'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
    ]);
    expect(createErrors(service, { spec: { type: 'ExternalName' } })).toEqual(['spec.externalName: Required value']);
    const one = (clusterIP: string) => ({ spec: { clusterIP, ports: [{ port: 80 }] } });
    expect(updateErrors(service, one('10.96.0.1'), one('10.96.0.2'))).toEqual([
      'spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset',
    ]);
    const moved = { spec: { ...one('10.96.0.2').spec, clusterIPs: ['10.96.0.2'] } };
    expect(updateErrors(service, one('10.96.0.1'), moved)).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.2"]: may not change once set',
    ]);
    expect(updateErrors(service, one('10.96.0.1'), { spec: { ports: [{ port: 81 }] } })).toEqual([]);
  });

  test('namespace, config map and secret', () => {
    expect(createErrors(namespace, { metadata: { name: 'a.b' } })).toEqual([
      'metadata.name: Invalid value: "a.b": must not contain dots',
    ]);
    expect(createErrors(configMap, { data: { 'a/b': '' } })[0]).toMatch(
      /^data\[a\/b\]: Invalid value: "a\/b": a valid config key must consist/,
    );
    const frozen = { immutable: true, data: { a: '1' } };
    expect(updateErrors(configMap, frozen, { ...frozen, data: { a: '2' } })).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    expect(createErrors(secret, { type: 'kubernetes.io/tls', data: {} })).toEqual([
      'data[tls.crt]: Required value',
      'data[tls.key]: Required value',
    ]);
    expect(
      createErrors(secret, { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'x' } }),
    ).toEqual(['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid JSON']);
    expect(updateErrors(secret, {}, { type: 'x' })).toEqual(['type: Invalid value: "x": field is immutable']);
  });

  test('labels, annotations, owners and finalizers', () => {
    const errors = createErrors(configMap, {
      metadata: {
        labels: { 'a b': 'x' },
        annotations: { 'UPPER.io/x': 'fine' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: '' }],
        finalizers: ['mine'],
      },
    });
    expect(errors).toEqual([
      expect.stringMatching(/^metadata.labels: Invalid value: "a b": name part must consist of alphanumeric/),
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });

  test('stateful set, claim and job may change little', () => {
    const sts = { spec: { selector, template, serviceName: 'a' } };
    expect(updateErrors(statefulSet, sts, { spec: { ...sts.spec, serviceName: 'b' } })).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
    expect(updateErrors(statefulSet, sts, { spec: { ...sts.spec, replicas: 5 } })).toEqual([]);
    const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
    expect(createErrors(persistentVolumeClaim, claim)).toEqual([]);
    expect(updateErrors(persistentVolumeClaim, claim, { spec: { ...claim.spec, storageClassName: 'x' } })[0]).toMatch(
      /^spec: Forbidden: spec is immutable after creation except resources.requests/,
    );
    expect(createErrors(job, { spec: { template } })).toEqual([
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ]);
  });

  test('cron schedules', () => {
    const messages = (schedule: string): string[] =>
      createErrors(cronJob, {
        spec: {
          schedule,
          jobTemplate: { spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } },
        },
      });
    for (const schedule of ['*/5 * * * *', '0 0 1,15 jan-mar mon', '@every 1h30m', '@hourly', '0 22 ? * 1-5']) {
      expect(messages(schedule)).toEqual([]);
    }
    expect(messages('* * *')).toEqual([
      'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]',
    ]);
    expect(messages('61 * * * *')).toEqual([
      'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
    ]);
    expect(messages('x * * * *')).toEqual([
      'spec.schedule: Invalid value: "x * * * *": failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax',
    ]);
    expect(messages('')).toEqual(['spec.schedule: Required value']);
  });

  test('rbac and priorities', () => {
    expect(createErrors(role, { rules: [{ resources: ['pods'] }] })).toEqual([
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
    ]);
    const binding = (name: string) => ({ roleRef: { kind: 'ClusterRole', name } });
    expect(updateErrors(clusterRoleBinding, binding('a'), binding('b'))).toEqual([
      'roleRef: Invalid value: {"kind":"ClusterRole","name":"b","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef',
    ]);
    expect(createErrors(priorityClass, { value: 2_000_000_000 })).toEqual([
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ]);
    expect(createErrors(priorityClass, { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 })).toEqual(
      [],
    );
  });

  test('events belong where their object is', () => {
    expect(createErrors(event, { involvedObject: { kind: 'Pod', name: 'x', namespace: 'other' } })).toEqual([
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
    expect(createErrors(event, { involvedObject: { kind: 'Node', name: 'x' } })).toEqual([]);
  });
});
