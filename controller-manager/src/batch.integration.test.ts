import { cronJobs, events, jobs, pods } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { eventually } from '@kubelab/testkit/eventually';
import { exitAnnotation } from './testing/fake-node-agent.js';
import { podTemplate, startWorkbench, type Workbench } from './testing/workbench.js';

let bench: Workbench;

beforeAll(async () => {
  bench = await startWorkbench();
});
afterAll(() => bench?.close());

const podsOf = async (namespace: string): Promise<Pod[]> => (await bench.client.list(pods, namespace)).items;
const messagesOf = async (namespace: string) =>
  (await bench.client.list(events, namespace)).items.map(({ reason, message }) => `${reason}: ${message}`);

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
