/** The Endpoints object of a service: pure. */

import type { EndpointAddress, EndpointSubset, Endpoints, Pod, Service } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { Draft } from '@kubelab/apimachinery/meta';
import {
  endpointHostname,
  headlessLabel,
  isEndpoint,
  isHeadless,
  isServing,
  lastTriggerTime,
  type ResolvedPort,
  resolvePorts,
  triggerTimeAnnotation,
} from './pod-endpoints.js';

/** More addresses than this do not fit: clients use EndpointSlices. */
const maxAddresses = 1000;
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';

/** The object to write, or undefined when `current` is right already. */
export function planEndpoints(
  service: Service,
  pods: readonly Pod[],
  current: Endpoints | undefined,
): Draft<Endpoints> | undefined {
  const candidates = pods.filter((pod) =>
    isEndpoint(pod, { includeTerminating: service.spec.publishNotReadyAddresses === true }),
  );
  const truncated = candidates.length > maxAddresses;
  const subsets = toSubsets(service, truncated ? truncate(service, candidates) : candidates);
  const labels: Record<string, string> = {
    ...service.metadata.labels,
    'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
  };
  delete labels[headlessLabel];
  if (isHeadless(service)) labels[headlessLabel] = '';
  const same = current && deepEqual(current.subsets ?? [], subsets) && deepEqual(current.metadata.labels ?? {}, labels);
  if (same && (current.metadata.annotations?.[overCapacityAnnotation] !== undefined) === truncated) return undefined;
  const annotations: Record<string, string> = {
    ...current?.metadata.annotations,
    [triggerTimeAnnotation]: lastTriggerTime(service, candidates),
  };
  delete annotations[overCapacityAnnotation];
  if (truncated) annotations[overCapacityAnnotation] = 'truncated';
  const { name, namespace = '' } = service.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...(current?.metadata ?? { name, namespace }), labels, annotations },
    ...(subsets.length > 0 ? { subsets } : {}),
  };
}

/** What can answer is worth more than what cannot. */
function truncate(service: Service, pods: readonly Pod[]): Pod[] {
  const [ready, rest] = [true, false].map((wanted) => pods.filter((pod) => isServing(service, pod) === wanted));
  return [...(ready ?? []), ...(rest ?? [])].slice(0, maxAddresses);
}

/** Pods with the same ports share a subset; everything sorted, so that equal states give equal objects. */
function toSubsets(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const groups = new Map<string, { ports: ResolvedPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>();
  for (const pod of pods) {
    const ports = resolvePorts(service, pod);
    const portless = isHeadless(service) && (service.spec.ports ?? []).length === 0;
    if (ports.length === 0 && !portless) continue;
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, ready: [], notReady: [] };
    groups.set(key, group);
    (isServing(service, pod) ? group.ready : group.notReady).push(toAddress(service, pod));
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length > 0 ? { addresses: ready.sort(byIp) } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byIp) } : {}),
      ...(ports.length > 0
        ? { ports: ports.map(({ name, ...port }) => ({ ...(name ? { name } : {}), ...port })) }
        : {}),
    }));
}

function toAddress(service: Service, pod: Pod): EndpointAddress {
  const hostname = endpointHostname(service, pod);
  const { name, namespace = '', uid } = pod.metadata;
  return {
    ip: pod.status?.podIP ?? '',
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

function byIp(a: EndpointAddress, b: EndpointAddress): number {
  return a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0;
}
