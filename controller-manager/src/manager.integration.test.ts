import 'reflect-metadata';
import {
  deployments,
  events,
  namespaces,
  persistentVolumeClaims,
  pods,
  replicaSets,
} from '@kubelab/api/resource-types';
import { eventually } from '@kubelab/testkit/eventually';
import { makeDeployment, podsOf, rolledOut } from './testing/rollouts.js';
import { podTemplate, startWorkbench, type Workbench } from './testing/workbench.js';

let bench: Workbench;

beforeAll(async () => {
  bench = await startWorkbench({ 'legacy-token-secrets': true });
});
afterAll(() => bench?.close());

const revisions = async (namespace: string): Promise<string[]> =>
  (await bench.client.list(replicaSets, namespace)).items
    .map(({ metadata, spec }) => `${metadata.annotations?.['deployment.kubernetes.io/revision']}:${spec.replicas}`)
    .sort();

describe('a Deployment', () => {
  test('rolls out, rolls on, rolls back and says so', async () => {
    const { client } = bench;
    const namespace = await bench.space('rollout');
    await makeDeployment(bench, namespace);
    await rolledOut(bench, namespace, 'v1');
    const progressing = (await client.get(deployments, 'web', namespace)).status?.conditions?.find(
      ({ type }) => type === 'Progressing',
    );
    const [set] = (await client.list(replicaSets, namespace)).items;
    expect(progressing).toMatchObject({
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${set?.metadata.name}" has successfully progressed.`,
    });
    await client.patch(deployments, 'web', namespace, 'strategic', { spec: { template: podTemplate('v2') } });
    await rolledOut(bench, namespace, 'v2');
    expect(await revisions(namespace)).toEqual(['1:0', '2:3']);
    await client.patch(deployments, 'web', namespace, 'strategic', { spec: { template: podTemplate('v1') } });
    await rolledOut(bench, namespace, 'v1');
    expect(await revisions(namespace)).toEqual(['2:0', '3:3']);
    expect(
      (await client.get(deployments, 'web', namespace)).metadata.annotations?.['deployment.kubernetes.io/revision'],
    ).toBe('3');
    await client.patch(deployments, 'web', namespace, 'merge', { spec: { replicas: 5 } });
    await rolledOut(bench, namespace, 'v1', 5);
    await eventually(async () => {
      const messages = (await client.list(events, namespace)).items.map(({ message }) => message);
      expect(messages).toContain(`Scaled up replica set ${set?.metadata.name} from 0 to 3`);
    });
  });

  test('a pod that is deleted is replaced, one that is relabelled is let go', async () => {
    const { client } = bench;
    const namespace = await bench.space('replacing');
    await makeDeployment(bench, namespace);
    await rolledOut(bench, namespace, 'v1');
    const [first, second] = await podsOf(bench, namespace);
    await client.delete(pods, first?.metadata.name ?? '', namespace);
    await client.patch(pods, second?.metadata.name ?? '', namespace, 'merge', {
      metadata: { labels: { app: 'debug' } },
    });
    await eventually(async () => {
      const left = await podsOf(bench, namespace);
      expect(left.filter(({ metadata }) => metadata.labels?.['app'] === 'web')).toHaveLength(3);
      const free = left.find(({ metadata }) => metadata.labels?.['app'] === 'debug');
      expect(free?.metadata.ownerReferences ?? []).toEqual([]);
    });
  });
});

describe('deleting', () => {
  test.each(['Background', 'Foreground'] as const)('%s takes all that is owned with it', async (propagationPolicy) => {
    const { client } = bench;
    const namespace = await bench.space(`delete-${propagationPolicy.toLowerCase()}`);
    await makeDeployment(bench, namespace);
    await rolledOut(bench, namespace, 'v1');
    await client.delete(deployments, 'web', namespace, { propagationPolicy });
    await bench.gone(deployments, 'web', namespace);
    await eventually(async () => {
      expect((await client.list(replicaSets, namespace)).items).toEqual([]);
      expect(await podsOf(bench, namespace)).toEqual([]);
    });
  });

  test('Orphan leaves what was owned, free', async () => {
    const { client } = bench;
    const namespace = await bench.space('orphans');
    await makeDeployment(bench, namespace);
    await rolledOut(bench, namespace, 'v1');
    await client.delete(deployments, 'web', namespace, { propagationPolicy: 'Orphan' });
    await bench.gone(deployments, 'web', namespace);
    const [set] = (await client.list(replicaSets, namespace)).items;
    expect(set?.metadata.ownerReferences ?? []).toEqual([]);
    expect(await podsOf(bench, namespace)).toHaveLength(3);
    // Its namesake takes them back.
    await makeDeployment(bench, namespace);
    await eventually(async () => {
      const adopted = (await client.list(replicaSets, namespace)).items;
      expect(adopted.map(({ metadata }) => metadata.ownerReferences?.[0]?.kind)).toEqual(['Deployment']);
    });
  });

  test('a namespace is emptied, pods first, and goes', async () => {
    const { client } = bench;
    const namespace = await bench.space('going');
    await makeDeployment(bench, namespace);
    await rolledOut(bench, namespace, 'v1');
    await client.delete(namespaces, namespace);
    await bench.gone(namespaces, namespace);
    expect(await podsOf(bench, namespace)).toEqual([]);
  });

  test('a claim that a pod uses waits for the pod', async () => {
    const { client } = bench;
    const namespace = await bench.space('claims');
    await client.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
    await client.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'user', namespace },
      spec: { containers: [{ name: 'c', image: 'v1' }], volumes },
    });
    await eventually(async () => expect((await client.get(pods, 'user', namespace)).status?.phase).toBe('Running'));
    await client.delete(persistentVolumeClaims, 'data', namespace);
    const claim = await client.get(persistentVolumeClaims, 'data', namespace);
    expect(claim.metadata).toMatchObject({
      deletionTimestamp: expect.any(String),
      finalizers: ['kubernetes.io/pvc-protection'],
    });
    await client.delete(pods, 'user', namespace);
    await bench.gone(persistentVolumeClaims, 'data', namespace);
  });
});

test('no controller was refused anything', () => {
  expect(bench.cluster.complaints().filter((line) => /orbidden|ended:/.test(line))).toEqual([]);
});
