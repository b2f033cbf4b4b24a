/** EndpointSlices for Endpoints that somebody wrote by hand: pure. */

import type { Endpoint, EndpointAddress, EndpointSlice, EndpointSubset, Endpoints, Service } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { Draft } from '@kubelab/apimachinery/meta';
import { controllerReference } from '@kubelab/controller/owner';
import { managedByLabel, type SlicePlan, serviceNameLabel } from '../endpoint-slice/plan.js';
import { hasSelector, triggerTimeAnnotation } from '../endpoints/pod-endpoints.js';

export const mirroringManager = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
/** Upstream's --mirroring-max-endpoints-per-subset. */
const maxPerSubset = 1000;

/** Endpoints of a service that has no selector, unless they say that they are not to be mirrored. */
export function isMirrored(endpoints: Endpoints | undefined, service: Service | undefined): boolean {
  if (!endpoints || !service || hasSelector(service) || endpoints.metadata.deletionTimestamp) return false;
  const { labels, annotations } = endpoints.metadata;
  return labels?.[skipLabel] !== 'true' && annotations?.[leaderAnnotation] === undefined;
}

export interface MirrorPlan extends SlicePlan {
  /** Addresses that found no place, or are none. */
  skipped: number;
}

/** Subsets with the same ports and family share slices; a slice that is there is used for the group it fits. */
export function planMirror(endpoints: Endpoints, current: readonly EndpointSlice[]): MirrorPlan {
  const plan: MirrorPlan = { create: [], update: [], delete: [], skipped: 0 };
  const left = new Set(current);
  for (const group of groupSubsets(endpoints, plan)) {
    const reused = [...left].find((slice) => fits(slice, group));
    if (reused) {
      left.delete(reused);
      const next = {
        ...reused,
        metadata: { ...reused.metadata, ...metadataOf(endpoints) },
        endpoints: group.endpoints,
      };
      if (!isSame(next, reused)) plan.update.push(next);
    } else plan.create.push(draftSlice(endpoints, group));
  }
  plan.delete.push(...left);
  return plan;
}

interface Group {
  addressType: 'IPv4' | 'IPv6';
  ports: NonNullable<EndpointSlice['ports']>;
  endpoints: Endpoint[];
}

function groupSubsets({ subsets = [] }: Endpoints, plan: MirrorPlan): Group[] {
  const groups = new Map<string, Group>();
  for (const subset of subsets) {
    const ports = portsOf(subset);
    let count = 0;
    const add = (address: EndpointAddress, ready: boolean): void => {
      if (++count > maxPerSubset) {
        plan.skipped++;
        return;
      }
      const addressType = address.ip.includes(':') ? 'IPv6' : 'IPv4';
      const key = JSON.stringify([addressType, ports]);
      const group = groups.get(key) ?? { addressType, ports, endpoints: [] };
      groups.set(key, group);
      group.endpoints.push(toEndpoint(address, ready));
    };
    for (const address of subset.addresses ?? []) add(address, true);
    for (const address of subset.notReadyAddresses ?? []) add(address, false);
  }
  return [...groups.values()];
}

function portsOf({ ports = [] }: EndpointSubset): NonNullable<EndpointSlice['ports']> {
  return ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol ? { appProtocol } : {}),
  }));
}

function toEndpoint({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(targetRef ? { targetRef } : {}),
    ...(nodeName ? { nodeName } : {}),
  };
}

function fits(slice: EndpointSlice, { addressType, ports }: Group): boolean {
  return slice.addressType === addressType && deepEqual(slice.ports ?? [], ports);
}

function isSame(next: EndpointSlice, old: EndpointSlice): boolean {
  return (
    deepEqual(next.endpoints, old.endpoints ?? []) &&
    deepEqual(next.metadata.labels ?? {}, old.metadata.labels ?? {}) &&
    deepEqual(next.metadata.annotations ?? {}, old.metadata.annotations ?? {})
  );
}

function metadataOf({ metadata }: Endpoints): { labels: Record<string, string>; annotations: Record<string, string> } {
  const annotations = { ...metadata.annotations };
  delete annotations['kubectl.kubernetes.io/last-applied-configuration'];
  delete annotations[triggerTimeAnnotation];
  const labels = { ...metadata.labels, [managedByLabel]: mirroringManager, [serviceNameLabel]: metadata.name };
  return { labels, annotations };
}

function draftSlice(endpoints: Endpoints, group: Group): Draft<EndpointSlice> {
  const { name, namespace = '' } = endpoints.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      ...metadataOf(endpoints),
      ownerReferences: [controllerReference({ ...endpoints, apiVersion: 'v1', kind: 'Endpoints' })],
    },
    ...group,
  };
}
