import { deployments, namespaces, pods, replicaSets, serviceAccounts } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import { eventually } from '@kubelab/testkit/eventually';
import { startTestCluster, type TestCluster } from './testing/test-cluster.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster?.close());

const template = (image: string, labels: Record<string, string>) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }] },
});

async function makeNamespace(name: string): Promise<void> {
  await cluster.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  // Pods are refused until their service account is there.
  await eventually(() => cluster.client.get(serviceAccounts, 'default', name), { what: 'the default service account' });
}

async function gone(look: () => Promise<unknown>): Promise<void> {
  await eventually(
    async () => {
      const found = await look().catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (found !== undefined) throw new Error(`still there: ${JSON.stringify(found).slice(0, 300)}`);
    },
    { what: 'its end' },
  );
}

const podsOf = async (namespace: string): Promise<Pod[]> => (await cluster.client.list(pods, namespace)).items;

test('a Deployment makes a ReplicaSet, that its pods; it says so; deleting it takes all with it', async () => {
  const { client } = cluster;
  await makeNamespace('rollout');
  await client.create(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'rollout' },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('v1', { app: 'web' }) },
  });
  await eventually(async () => expect(await podsOf('rollout')).toHaveLength(3), { what: 'three pods' });
  const [set] = (await client.list(replicaSets, 'rollout')).items;
  expect(set?.metadata.name).toMatch(/^web-[a-z0-9]+$/);
  expect(set?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
  await eventually(async () => {
    const { metadata, status } = await client.get(deployments, 'web', 'rollout');
    expect(metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(status).toMatchObject({ replicas: 3, updatedReplicas: 3, unavailableReplicas: 3 });
  });
  await client.delete(deployments, 'web', 'rollout', { propagationPolicy: 'Background' });
  await eventually(async () => {
    expect((await client.list(replicaSets, 'rollout')).items).toEqual([]);
    expect(await podsOf('rollout')).toEqual([]);
  });
});

test('a namespace is emptied and goes', async () => {
  const { client } = cluster;
  await makeNamespace('going');
  await client.create(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'going' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template('v1', { app: 'web' }) },
  });
  await eventually(async () => expect(await podsOf('going')).toHaveLength(2));
  await client.delete(namespaces, 'going');
  await gone(() => client.get(namespaces, 'going'));
  expect(await podsOf('going')).toEqual([]);
});
