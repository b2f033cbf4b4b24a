/** The EndpointSlices of a service: pure. Existing slices are kept as far as possible, so that little is written when little changes. */

import type { Endpoint, EndpointSlice, Node, Pod, Service } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { Draft } from '@kubelab/apimachinery/meta';
import { controllerReference } from '@kubelab/controller/owner';
import {
  endpointHostname,
  headlessLabel,
  isEndpoint,
  isHeadless,
  lastTriggerTime,
  type ResolvedPort,
  resolvePorts,
  triggerTimeAnnotation,
} from '../endpoints/pod-endpoints.js';
import { isPodReady } from '../pods/pod-state.js';

export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';
export const serviceNameLabel = 'kubernetes.io/service-name';
const maxEndpointsPerSlice = 100;

export interface SlicePlan {
  create: Draft<EndpointSlice>[];
  update: EndpointSlice[];
  delete: EndpointSlice[];
}

interface Group {
  ports: ResolvedPort[];
  /** By pod uid. */
  endpoints: Map<string, Endpoint>;
}

export function planSlices(
  service: Service,
  pods: readonly Pod[],
  nodes: (name: string) => Node | undefined,
  current: readonly EndpointSlice[],
): SlicePlan {
  const groups = groupByPorts(service, pods, nodes);
  const plan: SlicePlan = { create: [], update: [], delete: [] };
  const annotations = { [triggerTimeAnnotation]: lastTriggerTime(service, pods) };
  const usable = current.filter(({ addressType }) => addressType === 'IPv4');
  plan.delete.push(...current.filter(({ addressType }) => addressType !== 'IPv4'));
  const seen = new Set<EndpointSlice>();
  for (const [key, group] of groups) {
    const own = usable.filter((slice) => portsKey(portsOf(slice)) === key);
    for (const slice of own) seen.add(slice);
    planGroup(service, group, own, annotations, plan);
  }
  plan.delete.push(...usable.filter((slice) => !seen.has(slice)));
  // A service without endpoints keeps one empty slice: its absence would mean "not looked at yet".
  if (groups.size === 0) keepPlaceholder(service, usable, annotations, plan);
  return plan;
}

function keepPlaceholder(
  service: Service,
  usable: readonly EndpointSlice[],
  annotations: Record<string, string>,
  plan: SlicePlan,
): void {
  const placeholder = usable.find(
    ({ endpoints, ports }) => (endpoints ?? []).length === 0 && (ports ?? []).length === 0,
  );
  plan.delete = plan.delete.filter((slice) => slice !== placeholder);
  const group = { ports: [], endpoints: new Map() };
  if (!placeholder) plan.create.push(draftSlice(service, group.ports, [], annotations));
  else planGroup(service, group, [placeholder], annotations, plan);
}

function groupByPorts(
  service: Service,
  pods: readonly Pod[],
  nodes: (name: string) => Node | undefined,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const pod of pods) {
    if (!isEndpoint(pod, { includeTerminating: true })) continue;
    const ports = resolvePorts(service, pod);
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: new Map() };
    groups.set(key, group);
    group.endpoints.set(pod.metadata.uid, toEndpoint(service, pod, nodes));
  }
  return groups;
}

function toEndpoint(service: Service, pod: Pod, nodes: (name: string) => Node | undefined): Endpoint {
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = isPodReady(pod);
  const { nodeName } = pod.spec;
  const zone = nodeName ? nodes(nodeName)?.metadata.labels?.['topology.kubernetes.io/zone'] : undefined;
  const hostname = endpointHostname(service, pod);
  const { name, namespace = '', uid } = pod.metadata;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

/** Keeps what is right, changes what changed, drops what is gone, and puts the rest where there is room. */
function planGroup(
  service: Service,
  group: Group,
  slices: readonly EndpointSlice[],
  annotations: Record<string, string>,
  plan: SlicePlan,
): void {
  const left = new Map(group.endpoints);
  const kept = slices.map((slice) => {
    const endpoints = (slice.endpoints ?? []).flatMap((endpoint) => {
      const uid = endpoint.targetRef?.uid ?? '';
      const wanted = left.get(uid);
      left.delete(uid);
      return wanted ? [wanted] : [];
    });
    return { slice, endpoints };
  });
  const rest = [...left.values()];
  for (const entry of kept)
    entry.endpoints.push(...rest.splice(0, Math.max(0, maxEndpointsPerSlice - entry.endpoints.length)));
  for (const { slice, endpoints } of kept) {
    if (endpoints.length === 0 && (slice.endpoints ?? []).length > 0 && kept.length > 1) plan.delete.push(slice);
    else planUpdate(service, slice, endpoints, annotations, plan);
  }
  while (rest.length > 0)
    plan.create.push(draftSlice(service, group.ports, rest.splice(0, maxEndpointsPerSlice), annotations));
}

function planUpdate(
  service: Service,
  slice: EndpointSlice,
  endpoints: Endpoint[],
  annotations: Record<string, string>,
  plan: SlicePlan,
): void {
  const labels = sliceLabels(service);
  if (deepEqual(slice.endpoints ?? [], endpoints) && deepEqual(slice.metadata.labels ?? {}, labels)) return;
  const metadata = { ...slice.metadata, labels, annotations: { ...slice.metadata.annotations, ...annotations } };
  plan.update.push({ ...slice, metadata, endpoints });
}

function draftSlice(
  service: Service,
  ports: readonly ResolvedPort[],
  endpoints: Endpoint[],
  annotations: Record<string, string>,
): Draft<EndpointSlice> {
  const { name, namespace = '' } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: sliceLabels(service),
      annotations,
      ownerReferences: [controllerReference({ ...service, apiVersion: 'v1', kind: 'Service' })],
    },
    addressType: 'IPv4',
    endpoints,
    ports: ports.map((port) => ({ ...port })),
  };
}

function sliceLabels(service: Service): Record<string, string> {
  const labels: Record<string, string> = {
    ...service.metadata.labels,
    [serviceNameLabel]: service.metadata.name,
    [managedByLabel]: managedBy,
  };
  delete labels[headlessLabel];
  if (isHeadless(service) || !service.spec.clusterIP) labels[headlessLabel] = '';
  return labels;
}

function portsOf(slice: EndpointSlice): ResolvedPort[] {
  return (slice.ports ?? []).map(({ name = '', port = 0, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol ? { appProtocol } : {}),
  }));
}

function portsKey(ports: readonly ResolvedPort[]): string {
  return JSON.stringify(
    ports.map(({ name, port, protocol, appProtocol = '' }) => [name, port, protocol, appProtocol]).sort(),
  );
}
