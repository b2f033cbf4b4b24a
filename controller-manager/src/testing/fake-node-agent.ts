/** Stands in for scheduler and kubelets: binds pods, runs them at once, ends them when they are told to or deleted. */

import { nodes as nodeType, pods as podType } from '@kubelab/api/resource-types';
import type { ContainerState, ContainerStatus, Pod } from '@kubelab/api/types';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import { targetNode } from '../daemonset/pod-template.js';

/** Annotation: the exit code with which the pod's containers end at once. Without it they run. */
export const exitAnnotation = 'test/exit-code';
/** Annotation: never becomes ready. */
export const brokenAnnotation = 'test/broken';

export interface FakeNodeAgent {
  stop(): Promise<void>;
}

export async function makeNode(client: KubeClient, name: string, labels: Record<string, string> = {}): Promise<void> {
  await client.create(nodeType, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: {},
  });
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const ready = { type: 'Ready', status: 'True', lastHeartbeatTime: now, lastTransitionTime: now };
  const status = { conditions: [ready], capacity: { pods: '110' }, allocatable: { pods: '110' } };
  await client.patch(nodeType, name, undefined, 'merge', { status }, { subresource: 'status' });
}

export function startFakeNodeAgent(client: KubeClient, nodes: readonly string[]): FakeNodeAgent {
  let stopped = false;
  let bound = 0;
  let started = 0;
  const step = async (pod: Pod): Promise<void> => {
    const { name, namespace } = pod.metadata;
    if (pod.metadata.deletionTimestamp) {
      if (pod.status?.phase === 'Running') await end(client, pod, 143);
      await client.delete(podType, name, namespace, { gracePeriodSeconds: 0 });
    } else if (!pod.spec.nodeName) {
      const target = targetNode(pod) ?? nodes[bound++ % nodes.length] ?? '';
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace },
        target: { kind: 'Node', name: target },
      };
      await client.createSubresource(podType, name, namespace, 'binding', body);
    } else if (pod.status?.phase === 'Pending') {
      const exit = pod.metadata.annotations?.[exitAnnotation];
      if (exit === undefined) await start(client, pod, ++started);
      else await end(client, pod, Number(exit));
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      for (const pod of (await client.list(podType)).items) {
        await step(pod).catch((error: unknown) => {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };
  const running = run();
  return {
    stop: () => {
      stopped = true;
      return running;
    },
  };
}

async function start(client: KubeClient, pod: Pod, number: number): Promise<void> {
  const ready = pod.metadata.annotations?.[brokenAnnotation] === undefined;
  const ip = `10.244.${number >> 8}.${number % 256}`;
  const status = {
    phase: 'Running',
    podIP: ip,
    podIPs: [{ ip }],
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: now() }],
    containerStatuses: containers(pod, ready, { running: { startedAt: now() } }),
  };
  await write(client, pod, status);
}

async function end(client: KubeClient, pod: Pod, exitCode: number): Promise<void> {
  const state = { terminated: { exitCode, finishedAt: now() } };
  await write(client, pod, {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: now() }],
    containerStatuses: containers(pod, false, state),
  });
}

function containers(pod: Pod, ready: boolean, state: ContainerState): ContainerStatus[] {
  return pod.spec.containers.map(({ name, image = '' }) => ({
    name,
    image,
    imageID: image,
    ready,
    restartCount: 0,
    state,
  }));
}

async function write(client: KubeClient, pod: Pod, status: object): Promise<void> {
  const { name, namespace } = pod.metadata;
  await client.patch(podType, name, namespace, 'strategic', { status }, { subresource: 'status' });
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+/, '');
}
