/** Service default/kubernetes and its endpoints: the API itself, as pods see it. */

import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import type { GroupResource, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import type { ObjectAccess } from '../contracts.js';
import type { ServerLeases } from './server-leases.js';

const namespace = 'default';
const name = 'kubernetes';
const servicesResource: GroupResource = { group: '', resource: 'services' };
const endpointsResource: GroupResource = { group: '', resource: 'endpoints' };
const slicesResource: GroupResource = { group: 'discovery.k8s.io', resource: 'endpointslices' };

export interface KubernetesServiceOptions {
  objects: ObjectAccess;
  leases: ServerLeases;
  /** First address of the service network: 10.96.0.1. */
  serviceIp: string;
  /** 443. */
  servicePort: number;
  /** --advertise-address: where other machines and pods reach this server. */
  advertiseAddress: string;
  /** --secure-port: 6443. */
  securePort: number;
}

/** One round: the service exists, and its endpoints are the servers that are alive. */
export async function reconcileKubernetesService(options: KubernetesServiceOptions): Promise<void> {
  const { objects } = options;
  await ensure(objects, servicesResource, service(options), planService);
  await options.leases.renew(options.advertiseAddress);
  await publishEndpoints(options, await options.leases.list());
}

/** At the end of this server: others go on without it. */
export async function leaveKubernetesService(options: KubernetesServiceOptions): Promise<void> {
  await options.leases.remove(options.advertiseAddress);
  const others = await options.leases.list();
  await publishEndpoints(
    options,
    others.filter((address) => address !== options.advertiseAddress),
  );
}

async function publishEndpoints(options: KubernetesServiceOptions, addresses: string[]): Promise<void> {
  const wanted = { endpoints: endpoints(addresses, options.securePort), slice: slice(addresses, options.securePort) };
  await ensure(options.objects, endpointsResource, wanted.endpoints, (current) =>
    planFields(current, wanted.endpoints, ['subsets']),
  );
  await ensure(options.objects, slicesResource, wanted.slice, (current) =>
    planFields(current, wanted.slice, ['endpoints', 'ports']),
  );
}

type Wanted = Record<string, unknown> & { metadata: { labels: Record<string, string> } };

async function ensure(
  objects: ObjectAccess,
  resource: GroupResource,
  wanted: Wanted,
  plan: (current: UnstructuredObject) => UnstructuredObject | undefined,
): Promise<void> {
  const current = objects.peek(resource, namespace, name);
  if (current) {
    if (plan(deepClone(current)) === undefined) return;
  } else {
    try {
      await objects.create(resource, deepClone(wanted));
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
  await objects.update(resource, namespace, name, (stored) => stored && plan(stored));
}

function service(options: KubernetesServiceOptions): Wanted {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { component: 'apiserver', provider: 'kubernetes' } } as Wanted['metadata'],
    spec: {
      type: 'ClusterIP',
      clusterIP: options.serviceIp,
      clusterIPs: [options.serviceIp],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ports: [{ name: 'https', port: options.servicePort, protocol: 'TCP', targetPort: options.securePort }],
    },
  };
}

/** As upstream, a service that is there keeps what an administrator made of it; only its type is insisted on. */
function planService(current: UnstructuredObject): UnstructuredObject | undefined {
  const spec = (current['spec'] ?? {}) as Record<string, unknown>;
  if (spec['type'] === 'ClusterIP') return undefined;
  current['spec'] = { ...spec, type: 'ClusterIP' };
  return current;
}

function planFields(current: UnstructuredObject, wanted: Wanted, fields: string[]): UnstructuredObject | undefined {
  const labels = { ...current.metadata.labels, ...wanted.metadata.labels };
  const same =
    deepEqual(labels, current.metadata.labels ?? {}) &&
    fields.every((field) => deepEqual(current[field] ?? [], wanted[field]));
  if (same) return undefined;
  current.metadata.labels = labels;
  for (const field of fields) current[field] = deepClone(wanted[field]);
  return current;
}

function endpoints(addresses: string[], port: number): Wanted {
  const subset = { addresses: addresses.map((ip) => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] };
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } as Wanted['metadata'],
    subsets: addresses.length > 0 ? [subset] : [],
  };
}

function slice(addresses: string[], port: number): Wanted {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } } as Wanted['metadata'],
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  };
}
