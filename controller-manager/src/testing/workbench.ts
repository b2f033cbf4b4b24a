/** What integration tests of controllers share: a running cluster with nodes, a namespace per test, and waiting. */

import type { ResourceType } from '@kubelab/api/resource';
import { namespaces, serviceAccounts } from '@kubelab/api/resource-types';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import { eventually } from '@kubelab/testkit/eventually';
import type { ManagerConfig } from '../config.js';
import { type FakeNodeAgent, makeNode, startFakeNodeAgent } from './fake-node-agent.js';
import { startTestCluster, type TestCluster } from './test-cluster.js';

export interface Workbench {
  client: KubeClient;
  cluster: TestCluster;
  nodes: readonly string[];
  /** Makes a namespace and waits until pods may be made in it. */
  space(name: string): Promise<string>;
  /** Until the object is gone. */
  gone<T extends KubeObject>(type: ResourceType<T>, name: string, namespace?: string): Promise<void>;
  close(): Promise<void>;
}

export async function startWorkbench(config: Partial<ManagerConfig> = {}): Promise<Workbench> {
  const cluster = await startTestCluster({ config });
  const { client } = cluster;
  const nodes = ['n1', 'n2', 'n3'];
  let agent: FakeNodeAgent | undefined;
  const close = async (): Promise<void> => {
    await agent?.stop();
    await cluster.close();
  };
  try {
    for (const node of nodes) await makeNode(client, node);
    agent = startFakeNodeAgent(client, nodes);
    return {
      client,
      cluster,
      nodes,
      close,
      space: async (name) => {
        await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
        await eventually(() => client.get(serviceAccounts, 'default', name), { what: 'the default service account' });
        return name;
      },
      gone: (type, name, namespace) =>
        eventually(() => expectGone(client, type, name, namespace), { what: `the end of ${name}` }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function expectGone<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  name: string,
  namespace?: string,
): Promise<void> {
  try {
    const found = await client.get(type, name, namespace);
    throw new Error(`still there: ${JSON.stringify(found).slice(0, 400)}`);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** A pod template with one container. */
export function podTemplate(
  image: string,
  annotations: Record<string, string> = {},
  labels: Record<string, string> = { app: 'web' },
) {
  return { metadata: { labels, annotations }, spec: { containers: [{ name: 'c', image }] } };
}
