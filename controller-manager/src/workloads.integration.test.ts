import {
  controllerRevisions,
  cronJobs,
  daemonSets,
  events,
  jobs,
  nodes,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { eventually } from '@kubelab/testkit/eventually';
import { brokenAnnotation, exitAnnotation } from './testing/fake-node-agent.js';
import { podTemplate, startWorkbench, type Workbench } from './testing/workbench.js';

let bench: Workbench;

beforeAll(async () => {
  bench = await startWorkbench();
});
afterAll(() => bench?.close());

const podsOf = async (namespace: string): Promise<Pod[]> => (await bench.client.list(pods, namespace)).items;
const imagesOf = async (namespace: string) =>
  (await podsOf(namespace)).map(({ metadata, spec }) => `${metadata.name}=${spec.containers[0]?.image}`).sort();
const messagesOf = async (namespace: string) =>
  (await bench.client.list(events, namespace)).items.map(({ reason, message }) => `${reason}: ${message}`);

describe('a DaemonSet', () => {
  test('runs on every node that it fits, follows changes of template and nodes, and keeps its history', async () => {
    const { client } = bench;
    const namespace = await bench.space('daemons');
    const taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };
    await client.patch(nodes, 'n3', undefined, 'merge', { spec: { taints: [taint] } });
    await client.create(daemonSets, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent', namespace },
      spec: { selector: { matchLabels: { app: 'web' } }, template: podTemplate('v1') },
    });
    await eventually(async () => {
      const { status } = await client.get(daemonSets, 'agent', namespace);
      expect(status).toMatchObject({
        desiredNumberScheduled: 2,
        currentNumberScheduled: 2,
        numberReady: 2,
        numberAvailable: 2,
        updatedNumberScheduled: 2,
      });
    });
    expect((await podsOf(namespace)).map(({ spec }) => spec.nodeName).sort()).toEqual(['n1', 'n2']);
    await client.patch(nodes, 'n3', undefined, 'merge', { spec: { taints: null } });
    await eventually(async () =>
      expect((await client.get(daemonSets, 'agent', namespace)).status?.numberReady).toBe(3),
    );
    await client.patch(daemonSets, 'agent', namespace, 'strategic', { spec: { template: podTemplate('v2') } });
    await eventually(async () => {
      expect((await imagesOf(namespace)).map((text) => text.split('=')[1])).toEqual(['v2', 'v2', 'v2']);
      expect((await client.get(daemonSets, 'agent', namespace)).status).toMatchObject({
        updatedNumberScheduled: 3,
        numberAvailable: 3,
        observedGeneration: 2,
      });
    });
    const history = (await client.list(controllerRevisions, namespace)).items;
    expect(history.map(({ revision }) => revision).sort()).toEqual([1, 2]);
    // Back to the first template: the first revision becomes the third.
    await client.patch(daemonSets, 'agent', namespace, 'strategic', { spec: { template: podTemplate('v1') } });
    await eventually(async () => {
      const revisions = (await client.list(controllerRevisions, namespace)).items.map(({ revision }) => revision);
      expect(revisions.sort()).toEqual([2, 3]);
    });
    await client.delete(daemonSets, 'agent', namespace, { propagationPolicy: 'Foreground' });
    await bench.gone(daemonSets, 'agent', namespace);
    expect(await podsOf(namespace)).toEqual([]);
  });
});

describe('a StatefulSet', () => {
  const statefulSet = (namespace: string, name: string, more: object = {}) =>
    bench.client.create(statefulSets, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name, namespace },
      spec: {
        serviceName: name,
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        template: podTemplate('v1'),
        ...more,
      },
    });

  test('makes its pods in order, with names, claims and identity; updates them from the last; shrinks from the last', async () => {
    const { client } = bench;
    const namespace = await bench.space('stateful');
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await statefulSet(namespace, 'db', { volumeClaimTemplates: [claim] });
    await eventually(async () => {
      const { status } = await client.get(statefulSets, 'db', namespace);
      expect(status).toMatchObject({
        replicas: 3,
        readyReplicas: 3,
        availableReplicas: 3,
        currentReplicas: 3,
        updatedReplicas: 3,
      });
      expect(status?.currentRevision).toBe(status?.updateRevision);
    });
    const [first] = await podsOf(namespace);
    expect(first?.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'db-0',
      'apps.kubernetes.io/pod-index': '0',
    });
    expect(first?.spec).toMatchObject({ hostname: 'db-0', subdomain: 'db' });
    expect(first?.spec.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } });
    const claims = (await client.list(persistentVolumeClaims, namespace)).items;
    expect(claims.map(({ metadata }) => metadata.name).sort()).toEqual(['data-db-0', 'data-db-1', 'data-db-2']);
    expect(claims[0]?.metadata.labels).toEqual({ app: 'web' });
    const times = (await podsOf(namespace)).map(({ metadata }) => metadata.creationTimestamp);
    expect([...times].sort()).toEqual(times);
    const rollingUpdate = { partition: 2 };
    await client.patch(statefulSets, 'db', namespace, 'strategic', {
      spec: { template: podTemplate('v2'), updateStrategy: { rollingUpdate } },
    });
    await eventually(async () => expect(await imagesOf(namespace)).toEqual(['db-0=v1', 'db-1=v1', 'db-2=v2']));
    await client.patch(statefulSets, 'db', namespace, 'merge', {
      spec: { updateStrategy: { rollingUpdate: { partition: 0 } } },
    });
    await eventually(async () => {
      expect(await imagesOf(namespace)).toEqual(['db-0=v2', 'db-1=v2', 'db-2=v2']);
      const { status } = await client.get(statefulSets, 'db', namespace);
      expect(status?.currentRevision).toBe(status?.updateRevision);
    });
    await client.patch(statefulSets, 'db', namespace, 'merge', { spec: { replicas: 1 } });
    await eventually(async () => expect(await imagesOf(namespace)).toEqual(['db-0=v2']));
    expect((await client.list(persistentVolumeClaims, namespace)).items).toHaveLength(3);
    expect(await messagesOf(namespace)).toEqual(
      expect.arrayContaining([
        'SuccessfulCreate: create Pod db-0 in StatefulSet db successful',
        'SuccessfulDelete: delete Pod db-2 in StatefulSet db successful',
      ]),
    );
  });

  test('waits for a pod that does not become ready, unless it may work in parallel', async () => {
    const namespace = await bench.space('stateful-broken');
    await statefulSet(namespace, 'ordered', { template: podTemplate('v1', { [brokenAnnotation]: '' }) });
    const selector = { matchLabels: { app: 'parallel' } };
    const template = podTemplate('v1', { [brokenAnnotation]: '' }, { app: 'parallel' });
    await statefulSet(namespace, 'parallel', { podManagementPolicy: 'Parallel', template, selector });
    await eventually(async () =>
      expect((await podsOf(namespace)).map(({ metadata }) => metadata.name).sort()).toEqual([
        'ordered-0',
        'parallel-0',
        'parallel-1',
        'parallel-2',
      ]),
    );
  });

  test('claims go with their pods when the policy says so', async () => {
    const { client } = bench;
    const namespace = await bench.space('stateful-claims');
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete', whenScaled: 'Delete' };
    await statefulSet(namespace, 'db', {
      replicas: 2,
      volumeClaimTemplates: [claim],
      persistentVolumeClaimRetentionPolicy,
    });
    await eventually(async () =>
      expect((await client.get(statefulSets, 'db', namespace)).status?.readyReplicas).toBe(2),
    );
    await client.patch(statefulSets, 'db', namespace, 'merge', { spec: { replicas: 1 } });
    await bench.gone(persistentVolumeClaims, 'data-db-1', namespace);
    await client.delete(statefulSets, 'db', namespace, { propagationPolicy: 'Background' });
    await bench.gone(persistentVolumeClaims, 'data-db-0', namespace);
  });
});

describe('a Job', () => {
  const makeJob = (
    namespace: string,
    name: string,
    spec: object,
    annotations: Record<string, string> = { [exitAnnotation]: '0' },
  ) => {
    const { metadata, spec: podSpec } = podTemplate('v1', annotations);
    const template = { metadata: { annotations: metadata.annotations }, spec: { ...podSpec, restartPolicy: 'Never' } };
    return bench.client.create(jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, namespace },
      spec: { template, ...spec },
    });
  };
  const ended = (namespace: string, name: string, type: string) =>
    eventually(async () => {
      const job = await bench.client.get(jobs, name, namespace);
      expect(job.status?.conditions).toContainEqual(expect.objectContaining({ type, status: 'True' }));
      return job;
    });

  test('runs until its completions are reached, counts them once, and releases its pods', async () => {
    const namespace = await bench.space('jobs');
    await makeJob(namespace, 'five', { completions: 5, parallelism: 2 });
    const job = await ended(namespace, 'five', 'Complete');
    expect(job.status).toMatchObject({ succeeded: 5, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(job.status).not.toHaveProperty('failed');
    expect(job.status?.completionTime).toBeDefined();
    const own = await podsOf(namespace);
    expect(own).toHaveLength(5);
    expect(own.flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([]);
    await eventually(async () => expect(await messagesOf(namespace)).toContain('Completed: Job completed'));
  });

  test('gives every pod of an Indexed Job its index', async () => {
    const namespace = await bench.space('jobs-indexed');
    await makeJob(namespace, 'idx', { completions: 4, parallelism: 4, completionMode: 'Indexed' });
    const job = await ended(namespace, 'idx', 'Complete');
    expect(job.status).toMatchObject({ succeeded: 4, completedIndexes: '0-3' });
    const indexes = (await podsOf(namespace)).map(
      ({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index'],
    );
    expect(indexes.sort()).toEqual(['0', '1', '2', '3']);
  });

  test('fails when its pods fail too often, and takes down those that run', async () => {
    const namespace = await bench.space('jobs-failing');
    await makeJob(namespace, 'bad', { backoffLimit: 0 }, { [exitAnnotation]: '1' });
    const job = await ended(namespace, 'bad', 'Failed');
    expect(job.status).toMatchObject({ failed: 1 });
    expect(job.status?.conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'FailureTarget BackoffLimitExceeded',
      'Failed BackoffLimitExceeded',
    ]);
    await eventually(async () =>
      expect(await messagesOf(namespace)).toContain(
        'BackoffLimitExceeded: Job has reached the specified backoff limit',
      ),
    );
    await makeJob(namespace, 'slow', { activeDeadlineSeconds: 1 }, {});
    const late = await ended(namespace, 'slow', 'Failed');
    expect(late.status?.conditions?.at(-1)?.reason).toBe('DeadlineExceeded');
    expect(late.status).not.toHaveProperty('active');
  });

  test('a failure policy ends it at the first exit code that is final', async () => {
    const namespace = await bench.space('jobs-policy');
    const podFailurePolicy = { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }] };
    await makeJob(namespace, 'final', { backoffLimit: 6, podFailurePolicy }, { [exitAnnotation]: '42' });
    const job = await ended(namespace, 'final', 'Failed');
    expect(job.status?.conditions?.at(-1)).toMatchObject({
      reason: 'PodFailurePolicy',
      message: expect.stringMatching(
        /^Container c for pod jobs-policy\/final-\w+ failed with exit code 42 matching FailJob rule at index 0$/,
      ),
    });
  });

  test('can be suspended and resumed', async () => {
    const { client } = bench;
    const namespace = await bench.space('jobs-suspended');
    await makeJob(namespace, 'pause', { parallelism: 2 }, {});
    await eventually(async () =>
      expect((await client.get(jobs, 'pause', namespace)).status).toMatchObject({ active: 2, ready: 2 }),
    );
    await client.patch(jobs, 'pause', namespace, 'merge', { spec: { suspend: true } });
    await eventually(async () => {
      expect(await podsOf(namespace)).toEqual([]);
      const { status } = await client.get(jobs, 'pause', namespace);
      expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Suspended', status: 'True' }));
      expect(status).not.toHaveProperty('failed');
    });
    await client.patch(jobs, 'pause', namespace, 'merge', { spec: { suspend: false } });
    await eventually(async () => expect((await client.get(jobs, 'pause', namespace)).status?.active).toBe(2));
    await client.delete(jobs, 'pause', namespace, { propagationPolicy: 'Background' });
    await eventually(async () => expect(await podsOf(namespace)).toEqual([]));
  });

  test('goes by itself when its time after the end is over', async () => {
    const namespace = await bench.space('jobs-ttl');
    await makeJob(namespace, 'short', { ttlSecondsAfterFinished: 0 });
    await bench.gone(jobs, 'short', namespace);
    await eventually(async () => expect(await podsOf(namespace)).toEqual([]));
  });
});

test('a CronJob starts jobs by its schedule and keeps as many as it should', async () => {
  const { client } = bench;
  const namespace = await bench.space('cron');
  const { metadata, spec } = podTemplate('v1', { [exitAnnotation]: '0' });
  const template = { metadata: { annotations: metadata.annotations }, spec: { ...spec, restartPolicy: 'Never' } };
  await client.create(cronJobs, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick', namespace },
    spec: { schedule: '@every 1s', successfulJobsHistoryLimit: 1, jobTemplate: { spec: { template } } },
  });
  await eventually(async () => {
    const { status } = await client.get(cronJobs, 'tick', namespace);
    expect(status?.lastScheduleTime).toBeDefined();
    expect(status?.lastSuccessfulTime).toBeDefined();
  });
  const [job] = (await client.list(jobs, namespace)).items;
  expect(job?.metadata.name).toMatch(/^tick-\d+$/);
  expect(job?.metadata.annotations).toHaveProperty(['batch.kubernetes.io/cronjob-scheduled-timestamp']);
});

test('no controller was refused anything', () => {
  expect(bench.cluster.complaints().filter((line) => line.includes('orbidden'))).toEqual([]);
});
