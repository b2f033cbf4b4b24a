/** The lab under test, as `./kubelab test e2e` started it. */

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@kubelab/testkit/eventually';
import { type Kubectl, kubectl } from './kubectl.js';
import { type Result, type RunOptions, run } from './process.js';

export const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
export const project = process.env['KUBELAB_PROJECT'] ?? '';
/** What the nodes run their pods with: docker or containerd. */
export const runtime = process.env['KUBELAB_RUNTIME'] ?? 'docker';

/** `./kubelab --project ... args`. */
export function kubelab(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return run(resolve(root, 'kubelab'), ['--project', project, ...args], { timeoutMs: 170_000, ...options });
}

let counter = 0;

/** A namespace of this test alone; `remove` does not wait for it to be empty. */
export async function makeNamespace(prefix: string): Promise<{ name: string; remove(): Promise<void> }> {
  const name = `${prefix}-${process.pid.toString(36)}${(counter++).toString(36)}`;
  await kubectl.run(['create', 'namespace', name]);
  await eventually(() => kubectl.run(['get', 'serviceaccount', 'default', '-n', name]), {
    what: 'the default service account',
  });
  return { name, remove: async () => void (await kubectl.try(['delete', 'namespace', name, '--wait=false'])) };
}

interface ContainerView {
  name: string;
  ready: boolean;
  restartCount: number;
  state: { terminated?: { reason: string; message?: string } };
}

export interface PodView {
  metadata: { name: string; uid: string; labels?: Record<string, string>; deletionTimestamp?: string };
  spec: { nodeName?: string; restartPolicy: string };
  status: {
    phase: string;
    podIP?: string;
    initContainerStatuses?: ContainerView[];
    containerStatuses?: ContainerView[];
  };
}

export async function podsOf(client: Kubectl, namespace: string, selector: string): Promise<PodView[]> {
  const { items } = await client.json<{ items: PodView[] }>(['get', 'pods', '-n', namespace, '-l', selector]);
  return items;
}

export function isReady(pod: PodView): boolean {
  const statuses = pod.status.containerStatuses ?? [];
  return pod.metadata.deletionTimestamp === undefined && statuses.length > 0 && statuses.every(({ ready }) => ready);
}

/** Waits for exactly `count` ready pods and no others. */
export function untilReady(
  client: Kubectl,
  namespace: string,
  selector: string,
  count: number,
  timeoutMs = 90_000,
): Promise<PodView[]> {
  return eventually(
    async () => {
      const pods = await podsOf(client, namespace, selector);
      const ready = pods.filter(isReady);
      if (ready.length !== count || pods.length !== count) {
        throw new Error(
          `${ready.length} of ${pods.length} pods are ready, wanted ${count}: ${pods.map(({ metadata, status }) => `${metadata.name} ${status.phase}`).join(', ')}`,
        );
      }
      return ready;
    },
    { what: `${count} ready pods of ${selector}`, timeoutMs, intervalMs: 300 },
  );
}

/** A pod that sleeps, for running commands inside the cluster; on `node` when given. */
export async function startShell(namespace: string, name: string, node?: string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      ...(node ? { nodeName: node } : {}),
      containers: [
        { name: 'shell', image: 'busybox', command: ['sh', '-c', 'trap exit TERM; while :; do sleep 1; done'] },
      ],
    },
  };
  await kubectl.run(['apply', '-n', namespace, '-f', '-'], { input: JSON.stringify(pod) });
}

export async function nodeNames(): Promise<string[]> {
  return (await kubectl.run(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}']))
    .split(' ')
    .filter((name) => name !== '');
}

/** The container of a node that has kept its number's name, or of a service. */
export async function containerOf(name: string): Promise<string> {
  const [, service = name, number = '1'] = /^(node)-(\d+)$/.exec(name) ?? [];
  const labels = { project, service, 'container-number': number };
  const filters = Object.entries(labels).flatMap(([label, value]) => [
    '--filter',
    `label=com.docker.compose.${label}=${value}`,
  ]);
  const { stdout } = await run('docker', ['ps', '-aq', ...filters]);
  return stdout.trim();
}

/** The container of the node that was added last. */
export async function newestNode(): Promise<string> {
  const filters = [`label=com.docker.compose.project=${project}`, 'label=com.docker.compose.service=node'];
  const { stdout } = await run('docker', ['ps', '-aq', ...filters.flatMap((filter) => ['--filter', filter])]);
  return stdout.split('\n')[0] ?? '';
}
