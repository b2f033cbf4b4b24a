/**
 * What the cluster's domain holds, computed from Services and EndpointSlices: the records of Kubernetes' DNS specification 1.1.0. Pure; one
 * zone object stands for one state.
 */

import type { EndpointSlice, Service } from '@kubelab/api/types';

export interface Target {
  /** Without trailing dot. */
  name: string;
  port: number;
  ip: string;
}

interface NamedService {
  clusterIPs: string[];
  externalName: string | undefined;
  /** Addresses of a headless service's endpoints by their own name. */
  endpoints: Map<string, Set<string>>;
  /** `_http._tcp` to where it leads. */
  ports: Map<string, Target[]>;
}

export class Zone {
  readonly domain: string;
  readonly #services = new Map<string, NamedService>();
  readonly #namespaces: ReadonlySet<string>;
  readonly #reverse = new Map<string, string[]>();

  constructor(options: {
    domain: string;
    services: readonly Service[];
    slices: readonly EndpointSlice[];
    namespaces: readonly string[];
  }) {
    this.domain = options.domain;
    this.#namespaces = new Set(options.namespaces);
    const slices = groupSlices(options.slices);
    for (const service of options.services) this.#add(service, slices.get(serviceKey(service)) ?? []);
  }

  service(namespace: string, name: string): NamedService | undefined {
    return this.#services.get(`${namespace}/${name}`);
  }

  hasNamespace(namespace: string): boolean {
    return this.#namespaces.has(namespace);
  }

  /** Names for an address. */
  reverse(ip: string): string[] {
    return this.#reverse.get(ip) ?? [];
  }

  #add(service: Service, slices: EndpointSlice[]): void {
    const { spec } = service;
    const base = `${service.metadata.name}.${service.metadata.namespace}.svc.${this.domain}`;
    const headless = spec.clusterIP === 'None';
    const clusterIPs = headless ? [] : (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []));
    const entry: NamedService = {
      clusterIPs,
      externalName: spec.type === 'ExternalName' ? spec.externalName : undefined,
      endpoints: new Map(),
      ports: new Map(),
    };
    this.#services.set(serviceKey(service), entry);
    if (headless) this.#addEndpoints(entry, base, slices);
    else this.#addClusterIp(entry, base, service);
  }

  #addClusterIp(entry: NamedService, base: string, service: Service): void {
    for (const ip of entry.clusterIPs) {
      this.#addReverse(ip, base);
      for (const { name, protocol = 'TCP', port } of service.spec.ports ?? []) {
        if (name) append(entry.ports, `_${name}._${protocol.toLowerCase()}`, { name: base, port, ip });
      }
    }
  }

  #addEndpoints(entry: NamedService, base: string, slices: EndpointSlice[]): void {
    for (const slice of slices) {
      for (const endpoint of slice.endpoints ?? []) {
        // Endpoint controllers report not-ready pods as ready for services that publish them.
        if (endpoint.conditions?.ready === false) continue;
        for (const ip of endpoint.addresses) {
          const label = endpoint.hostname || ip.replace(/[.:]/g, '-');
          entry.endpoints.set(label, (entry.endpoints.get(label) ?? new Set()).add(ip));
          this.#addReverse(ip, `${label}.${base}`);
          for (const { name, protocol = 'TCP', port } of slice.ports ?? []) {
            if (name && port)
              append(entry.ports, `_${name}._${protocol.toLowerCase()}`, { name: `${label}.${base}`, port, ip });
          }
        }
      }
    }
  }

  #addReverse(ip: string, name: string): void {
    const names = this.#reverse.get(ip) ?? [];
    if (!names.includes(name)) this.#reverse.set(ip, [...names, name]);
  }
}

function append<V>(map: Map<string, V[]>, key: string, value: V): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

function serviceKey(service: Service): string {
  return `${service.metadata.namespace}/${service.metadata.name}`;
}

function groupSlices(slices: readonly EndpointSlice[]): Map<string, EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const name = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (name) append(groups, `${slice.metadata.namespace}/${name}`, slice);
  }
  return groups;
}
