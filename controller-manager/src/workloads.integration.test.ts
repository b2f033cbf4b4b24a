import {
  controllerRevisions,
  daemonSets,
  events,
  nodes,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { eventually } from '@kubelab/testkit/eventually';
import { brokenAnnotation } from './testing/fake-node-agent.js';
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

test('no controller was refused anything', () => {
  expect(bench.cluster.complaints().filter((line) => line.includes('orbidden'))).toEqual([]);
});
