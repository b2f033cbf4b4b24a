/** From Services and EndpointSlices to what a backend programs: one entry per service port, with its usable endpoints. */

import type { EndpointSlice, Service } from '@kubelab/api/types';
import { compareText } from './compare.js';

export interface Endpoint {
  ip: string;
  port: number;
  /** On this proxy's node. */
  local: boolean;
}

export interface ServicePort {
  /** `namespace/name:port`, or `namespace/name` for an unnamed port: upstream's ServicePortName. */
  name: string;
  protocol: 'tcp' | 'udp' | 'sctp';
  clusterIP: string;
  port: number;
  /** 0: none. */
  nodePort: number;
  externalIPs: string[];
  loadBalancerIPs: string[];
  /** 0: no session affinity. */
  affinitySeconds: number;
  internalLocal: boolean;
  externalLocal: boolean;
  /** For traffic that may go to any node. */
  endpoints: Endpoint[];
  /** For traffic that must stay on this node. */
  localEndpoints: Endpoint[];
}

/** Headless and ExternalName services have nothing to program and give no entry. Sorted by name, so that equal states give equal rules. */
export function resolveServicePorts(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  nodeName: string,
): ServicePort[] {
  const byService = groupSlices(slices);
  const ports = services.flatMap((service) => {
    if (!isProxied(service)) return [];
    const own = byService.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [];
    return (service.spec.ports ?? []).map((port) => toServicePort(service, port, own, nodeName));
  });
  return ports.sort((a, b) => compareText(a.name, b.name) || compareText(a.protocol, b.protocol));
}

function isProxied(service: Service): boolean {
  const { clusterIP, type } = service.spec;
  if (service.metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined) return false;
  return type !== 'ExternalName' && clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None';
}

function groupSlices(slices: readonly EndpointSlice[]): Map<string, EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (!service || slice.addressType !== 'IPv4') continue;
    const key = `${slice.metadata.namespace}/${service}`;
    groups.set(key, [...(groups.get(key) ?? []), slice]);
  }
  return groups;
}

type ApiServicePort = NonNullable<Service['spec']['ports']>[number];

function toServicePort(service: Service, port: ApiServicePort, slices: EndpointSlice[], nodeName: string): ServicePort {
  const { metadata, spec, status } = service;
  const name = `${metadata.namespace}/${metadata.name}${port.name ? `:${port.name}` : ''}`;
  const candidates = collectEndpoints(slices, port.name ?? '', nodeName);
  const affinity =
    spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0;
  const ingress = status?.loadBalancer?.ingress ?? [];
  return {
    name,
    protocol: (port.protocol ?? 'TCP').toLowerCase() as ServicePort['protocol'],
    clusterIP: spec.clusterIP ?? '',
    port: port.port,
    nodePort: port.nodePort ?? 0,
    externalIPs: spec.externalIPs ?? [],
    loadBalancerIPs: ingress.flatMap((entry) => (entry.ip && entry.ipMode !== 'Proxy' ? [entry.ip] : [])),
    affinitySeconds: affinity,
    internalLocal: spec.internalTrafficPolicy === 'Local',
    externalLocal: spec.externalTrafficPolicy === 'Local',
    endpoints: usable(candidates),
    localEndpoints: usable(candidates.filter((candidate) => candidate.endpoint.local)),
  };
}

interface Candidate {
  endpoint: Endpoint;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
}

function collectEndpoints(slices: EndpointSlice[], portName: string, nodeName: string): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    const port = slice.ports?.find((item) => (item.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions, nodeName: where } of slice.endpoints ?? []) {
      const [ip] = addresses;
      if (ip === undefined) continue;
      const ready = conditions?.ready ?? true;
      found.set(`${ip}:${port}`, {
        endpoint: { ip, port, local: where === nodeName },
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
      });
    }
  }
  return [...found.values()];
}

/** Ready endpoints, or those that still serve while they terminate when there is none (upstream's ProxyTerminatingEndpoints). */
function usable(candidates: Candidate[]): Endpoint[] {
  const ready = candidates.filter((candidate) => candidate.ready);
  const chosen =
    ready.length > 0 ? ready : candidates.filter((candidate) => candidate.serving && candidate.terminating);
  return chosen.map(({ endpoint }) => endpoint).sort((a, b) => compareText(a.ip, b.ip) || a.port - b.port);
}
