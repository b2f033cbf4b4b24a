/** Small whole objects for tests; each takes the parts that the test is about. */

import type { ContainerStatus, Deployment, Node, Pod, PodSpec, ReplicaSet, Service, Taint } from '@kubelab/api/types';
import type { ObjectMeta, OwnerReference } from '@kubelab/apimachinery/meta';

export const now = Date.parse('2026-01-01T12:00:00Z');

/** RFC 3339 of a time this many seconds before {@link now}. */
export function ago(seconds: number): string {
  return `${new Date(now - seconds * 1000).toISOString().slice(0, 19)}Z`;
}

export function meta(name: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  return {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: ago(3600),
    ...more,
  };
}

export interface PodParts {
  metadata?: Partial<ObjectMeta>;
  spec?: Partial<PodSpec>;
  phase?: string;
  ready?: boolean;
  /** Seconds since it became ready. */
  readyFor?: number;
  restarts?: number;
  node?: string;
  ip?: string;
  deleting?: boolean;
  owner?: OwnerReference;
  status?: Partial<NonNullable<Pod['status']>>;
}

export function pod(name: string, parts: PodParts = {}): Pod {
  const { ready = false, readyFor = 600, restarts = 0, node, ip, owner } = parts;
  const status = { name: 'c', image: 'i', imageID: '', ready, restartCount: restarts } as ContainerStatus;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(name, {
      labels: { app: 'web' },
      ...(owner ? { ownerReferences: [owner] } : {}),
      ...(parts.deleting ? { deletionTimestamp: ago(1) } : {}),
      ...parts.metadata,
    }),
    spec: { containers: [{ name: 'c', image: 'i' }], ...(node ? { nodeName: node } : {}), ...parts.spec },
    status: {
      phase: parts.phase ?? 'Running',
      containerStatuses: [status],
      ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(readyFor) }],
      ...parts.status,
    },
  };
}

export function ownedBy(kind: string, name: string, apiVersion = 'apps/v1'): OwnerReference {
  return { apiVersion, kind, name, uid: `uid-${name}`, controller: true, blockOwnerDeletion: true };
}

export interface NodeParts {
  ready?: 'True' | 'False' | 'Unknown' | 'none';
  taints?: Taint[];
  labels?: Record<string, string>;
  unschedulable?: boolean;
  podCIDR?: string;
}

export function node(name: string, parts: NodeParts = {}): Node {
  const { ready = 'True', taints, labels, unschedulable, podCIDR } = parts;
  const { namespace: _none, ...metadata } = meta(name, { labels: { 'kubernetes.io/hostname': name, ...labels } });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata,
    spec: {
      ...(taints ? { taints } : {}),
      ...(unschedulable ? { unschedulable } : {}),
      ...(podCIDR ? { podCIDR, podCIDRs: [podCIDR] } : {}),
    },
    status: {
      conditions:
        ready === 'none'
          ? []
          : [{ type: 'Ready', status: ready, lastHeartbeatTime: ago(10), lastTransitionTime: ago(600) }],
    },
  };
}

export function deployment(
  name: string,
  spec: Partial<Deployment['spec']> = {},
  more: Partial<Deployment> = {},
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(name),
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: template('v1'),
      progressDeadlineSeconds: 600,
      ...spec,
    },
    ...more,
  };
}

export function template(image: string): Deployment['spec']['template'] {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } };
}

export interface ReplicaSetParts {
  image?: string;
  replicas?: number;
  available?: number;
  /** Replicas of the Deployment when it was scaled last, and with surge. */
  desired?: number;
  max?: number;
  revision?: number;
  age?: number;
  metadata?: Partial<ObjectMeta>;
}

export function replicaSet(name: string, parts: ReplicaSetParts = {}): ReplicaSet {
  const {
    image = 'v1',
    replicas = 3,
    available = replicas,
    desired = 3,
    max = desired + 1,
    revision = 1,
    age = 60,
  } = parts;
  const annotations = {
    'deployment.kubernetes.io/desired-replicas': String(desired),
    'deployment.kubernetes.io/max-replicas': String(max),
    'deployment.kubernetes.io/revision': String(revision),
  };
  const labelled = { ...template(image), metadata: { labels: { app: 'web', 'pod-template-hash': name } } };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta(name, { annotations, creationTimestamp: ago(age), ...parts.metadata }),
    spec: { replicas, selector: { matchLabels: { app: 'web', 'pod-template-hash': name } }, template: labelled },
    status: { replicas, readyReplicas: available, availableReplicas: available, observedGeneration: 1 },
  };
}

export function service(name: string, spec: Partial<Service['spec']> = {}, more: Partial<ObjectMeta> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name, more),
    spec: {
      clusterIP: '10.96.0.7',
      selector: { app: 'web' },
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
      ...spec,
    },
  };
}
