/** Defaults of services and what follows from a change of type. */
import { deepEqual } from '@kubelab/apimachinery/json';
import type { Service, ServiceSpec } from '../types.js';

const defaultAffinitySeconds = 10800;

export const isHeadless = (spec: ServiceSpec): boolean => spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None';
export const needsClusterIP = (spec: ServiceSpec): boolean =>
  spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer';
export const needsNodePort = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
/** Reachable from outside: by node port, load balancer or external address. */
export const isExternallyAccessible = (spec: ServiceSpec): boolean =>
  spec.type === 'LoadBalancer' ||
  spec.type === 'NodePort' ||
  (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
export const needsHealthCheckPort = (spec: ServiceSpec): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

export function defaultService(service: Service): void {
  service.spec ??= {};
  service.status ??= {};
  service.status.loadBalancer ??= {};
  const { spec } = service;
  spec.type ||= 'ClusterIP';
  defaultAffinity(spec);
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (!port.targetPort) port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true;
    for (const ingress of service.status.loadBalancer.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
  }
}

function defaultAffinity(spec: ServiceSpec): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: defaultAffinitySeconds } };
  }
}

/** The one address and the list of addresses say the same, whichever of them the client wrote. */
export function normalizeClusterIPs(spec: ServiceSpec, old?: ServiceSpec): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  if ((spec.clusterIP ?? '') === (old.clusterIP ?? '')) return;
  const listUnchanged = deepEqual(spec.clusterIPs ?? [], old.clusterIPs ?? []);
  if (!spec.clusterIP) {
    if (listUnchanged) delete spec.clusterIPs;
  } else if (listUnchanged) spec.clusterIPs = [spec.clusterIP];
}

/** Single-stack families of this cluster, which has IPv4 only. */
export function defaultIPFamilies(spec: ServiceSpec): void {
  if (!needsClusterIP(spec)) return;
  const selectorless = Object.keys(spec.selector ?? {}).length === 0;
  // Nobody but the author of the endpoints can know what families a headless service without a selector has.
  if (isHeadless(spec) && selectorless && spec.ipFamilyPolicy === undefined && !spec.ipFamilies?.length) {
    spec.ipFamilyPolicy = 'RequireDualStack';
    spec.ipFamilies = ['IPv4', 'IPv6'];
    return;
  }
  spec.ipFamilyPolicy ??= 'SingleStack';
  if (!spec.ipFamilies?.length) spec.ipFamilies = ['IPv4'];
}

/** An update that does not mention what was allocated keeps it, as long as the type still needs it. */
export function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIP(old) && needsClusterIP(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP && old.clusterIPs)
      spec.clusterIPs = old.clusterIPs;
    if (spec.ipFamilyPolicy === undefined && old.ipFamilyPolicy !== undefined) spec.ipFamilyPolicy = old.ipFamilyPolicy;
    if (!spec.ipFamilies?.length && old.ipFamilies) spec.ipFamilies = old.ipFamilies;
  }
  if (needsNodePort(old) && needsNodePort(spec)) {
    const before = new Map((old.ports ?? []).map((port) => [`${port.protocol}/${port.port}`, port.nodePort]));
    const chosen = new Set((spec.ports ?? []).map((port) => port.nodePort));
    for (const port of spec.ports ?? []) {
      const nodePort = before.get(`${port.protocol}/${port.port}`);
      if (!port.nodePort && nodePort && !chosen.has(nodePort)) port.nodePort = nodePort;
    }
  }
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec) && !spec.healthCheckNodePort && old.healthCheckNodePort) {
    spec.healthCheckNodePort = old.healthCheckNodePort;
  }
}

/** A new type takes away what only the old one had, unless the client changed that at the same time. */
export function dropTypeDependent(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIP(old) && !needsClusterIP(spec) && sameFields(spec, old, ['clusterIP', 'clusterIPs'])) {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) delete spec[field];
  }
  if (needsNodePort(old) && !needsNodePort(spec) && deepEqual(nodePorts(spec), nodePorts(old))) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec) && sameFields(spec, old, ['healthCheckNodePort'])) {
    delete spec.healthCheckNodePort;
  }
  if (
    isExternallyAccessible(old) &&
    !isExternallyAccessible(spec) &&
    sameFields(spec, old, ['externalTrafficPolicy'])
  ) {
    delete spec.externalTrafficPolicy;
  }
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (sameFields(spec, old, ['allocateLoadBalancerNodePorts'])) delete spec.allocateLoadBalancerNodePorts;
    if (sameFields(spec, old, ['loadBalancerClass'])) delete spec.loadBalancerClass;
  }
}

const nodePorts = (spec: ServiceSpec): number[] => (spec.ports ?? []).map((port) => port.nodePort ?? 0);

function sameFields(spec: ServiceSpec, old: ServiceSpec, fields: readonly (keyof ServiceSpec)[]): boolean {
  return fields.every((field) => deepEqual(spec[field] ?? null, old[field] ?? null));
}
