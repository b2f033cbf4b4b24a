import { deployments, events, leases, namespaces, nodes, pods, serviceAccounts } from '@kubelab/api/resource-types';
import type { Node, Pod } from '@kubelab/api/types';
import { eventually } from '@kubelab/testkit/eventually';
import { type FakeNodeAgent, makeNode, startFakeNodeAgent } from './testing/fake-node-agent.js';
import { startTestCluster, type TestCluster } from './testing/test-cluster.js';
import { podTemplate } from './testing/workbench.js';

let cluster: TestCluster;
let agent: FakeNodeAgent | undefined;
/** Nodes whose kubelets are alive. */
const alive = new Set(['n1', 'n2', 'n3']);
let heart: NodeJS.Timeout | undefined;

beforeAll(async () => {
  cluster = await startTestCluster({
    config: { 'node-monitor-period': 200, 'node-monitor-grace-period': 2000, 'node-eviction-rate': 10 },
  });
  const { client } = cluster;
  await eventually(() => client.get(namespaces, 'kube-node-lease'), { what: 'the namespace of leases' });
  for (const name of alive) {
    await makeNode(client, name);
    const metadata = { name, namespace: 'kube-node-lease' };
    await client.create(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec: { holderIdentity: name },
    });
  }
  // A beat that fails is one that is missing: the next one comes.
  heart = setInterval(() => void beat().catch(() => undefined), 300);
  agent = startFakeNodeAgent(client, ['n1', 'n2', 'n3']);
});
afterAll(async () => {
  clearInterval(heart);
  await agent?.stop();
  await cluster?.close();
});

async function beat(): Promise<void> {
  const renewTime = `${new Date().toISOString().slice(0, -1)}000Z`;
  for (const name of alive)
    await cluster.client.patch(leases, name, 'kube-node-lease', 'merge', { spec: { renewTime } });
}

const taintsOf = ({ spec }: Node): string[] => (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
const readyOf = (object: Node | Pod) => object.status?.conditions?.find(({ type }) => type === 'Ready');
const podsOf = async (): Promise<Pod[]> => (await cluster.client.list(pods, 'lab')).items;

test('a node that falls silent is marked and emptied; when it comes back it is clean', async () => {
  const { client } = cluster;
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
  await eventually(() => client.get(serviceAccounts, 'default', 'lab'));
  const toleration = (key: string) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 });
  const template = podTemplate('v1');
  const tolerations = [toleration('node.kubernetes.io/unreachable'), toleration('node.kubernetes.io/not-ready')];
  await client.create(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'lab' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { ...template, spec: { ...template.spec, tolerations } },
    },
  });
  await eventually(async () =>
    expect((await podsOf()).map((pod) => [pod.spec.nodeName, readyOf(pod)?.status]).sort()).toEqual([
      ['n1', 'True'],
      ['n2', 'True'],
      ['n3', 'True'],
    ]),
  );
  const victim = (await podsOf()).find(({ spec }) => spec.nodeName === 'n3');
  // The node dies, and with it whoever would end its pods.
  await agent?.stop();
  alive.delete('n3');

  await eventually(async () => {
    const node = await client.get(nodes, 'n3');
    expect(readyOf(node)).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    expect(taintsOf(node)).toEqual([
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
  });
  await eventually(async () => {
    const pod = await client.get(pods, victim?.metadata.name ?? '', 'lab');
    expect(readyOf(pod)?.status).toBe('False');
    expect(pod.metadata.deletionTimestamp).toBeDefined();
    expect(pod.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', reason: 'DeletionByTaintManager' }),
    );
  });
  // It cannot be ended there, but another one runs elsewhere.
  await eventually(async () =>
    expect((await podsOf()).filter(({ metadata }) => !metadata.deletionTimestamp)).toHaveLength(3),
  );
  for (const name of ['n1', 'n2']) expect(taintsOf(await client.get(nodes, name))).toEqual([]);

  alive.add('n3');
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: now, lastTransitionTime: now }];
  await client.patch(nodes, 'n3', undefined, 'strategic', { status: { conditions } }, { subresource: 'status' });
  await eventually(async () => expect(taintsOf(await client.get(nodes, 'n3'))).toEqual([]));
  const messages = (await client.list(events)).items.map(({ reason, message }) => `${reason}: ${message}`);
  expect(messages).toEqual(
    expect.arrayContaining([
      'NodeNotReady: Node n3 status is now: NodeNotReady',
      'NodeNotReady: Node is not ready',
      `TaintManagerEviction: Marking for deletion Pod lab/${victim?.metadata.name}`,
    ]),
  );
});
