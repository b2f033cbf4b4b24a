/** What a service's fields say about the addresses and ports it needs. Pure but for the object that is told to change. */

import type { Service, ServicePort, ServiceSpec } from '@kubelab/api/types';
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';

/** A service as clients may send it: the type need not be set yet. */
export type ServiceLike = Pick<Service, 'metadata'> & { spec: ServiceSpec };

const typeOf = (spec: ServiceSpec): string => spec.type ?? 'ClusterIP';

export function needsClusterIp(spec: ServiceSpec): boolean {
  return typeOf(spec) !== 'ExternalName';
}

export function isHeadless(spec: ServiceSpec): boolean {
  return (spec.clusterIPs?.[0] ?? spec.clusterIP) === 'None';
}

export function needsNodePorts(spec: ServiceSpec): boolean {
  if (typeOf(spec) === 'NodePort') return true;
  return typeOf(spec) === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false;
}

/** Node ports that were asked for or given before stay valid even where no new ones are given. */
export function mayHaveNodePorts(spec: ServiceSpec): boolean {
  return typeOf(spec) === 'NodePort' || typeOf(spec) === 'LoadBalancer';
}

export function needsHealthCheckPort(spec: ServiceSpec): boolean {
  return typeOf(spec) === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

/** Addresses that are held, without `None`. */
export function heldAddresses(spec: ServiceSpec | undefined): string[] {
  if (!spec || !needsClusterIp(spec)) return [];
  const all = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? ''];
  return all.filter((address) => address !== '' && address !== 'None');
}

/** Node ports that are held, each once. */
export function heldPorts(spec: ServiceSpec | undefined): number[] {
  if (!spec || !mayHaveNodePorts(spec)) return [];
  const ports = (spec.ports ?? []).map((port) => port.nodePort ?? 0);
  if (needsHealthCheckPort(spec)) ports.push(spec.healthCheckNodePort ?? 0);
  return [...new Set(ports)].filter((port) => port !== 0);
}

const portKey = (port: ServicePort): string => `${port.protocol ?? 'TCP'}/${port.port}`;

/**
 * An update that leaves allocated values out keeps them, as upstream's patchAllocatedValues. Idempotent; has to run before validation,
 * which would find a missing clusterIP to be a forbidden change.
 */
export function patchAllocatedValues(after: ServiceSpec, before: ServiceSpec): void {
  if (needsClusterIp(before) && needsClusterIp(after)) {
    if (!after.clusterIP && before.clusterIP) after.clusterIP = before.clusterIP;
    if (!after.clusterIPs?.length && after.clusterIP === before.clusterIP && before.clusterIPs) {
      after.clusterIPs = [...before.clusterIPs];
    }
  }
  if (mayHaveNodePorts(before) && needsNodePorts(after)) {
    const used = new Set((after.ports ?? []).map((port) => port.nodePort ?? 0));
    const old = new Map((before.ports ?? []).map((port) => [portKey(port), port.nodePort ?? 0]));
    for (const port of after.ports ?? []) {
      const kept = old.get(portKey(port)) ?? 0;
      if (!port.nodePort && kept !== 0 && !used.has(kept)) port.nodePort = kept;
    }
  }
  if (needsHealthCheckPort(before) && needsHealthCheckPort(after) && !after.healthCheckNodePort) {
    if (before.healthCheckNodePort) after.healthCheckNodePort = before.healthCheckNodePort;
  }
}

/** Takes away what the type does not have any more, unless the client insists on it (which validation then refuses). */
export function dropTypeDependentFields(after: ServiceSpec, before: ServiceSpec): void {
  if (needsClusterIp(before) && !needsClusterIp(after)) {
    if (after.clusterIP === before.clusterIP) delete after.clusterIP;
    if (sameList(after.clusterIPs, before.clusterIPs)) delete after.clusterIPs;
    if (sameList(after.ipFamilies, before.ipFamilies)) delete after.ipFamilies;
    if (after.ipFamilyPolicy === before.ipFamilyPolicy) delete after.ipFamilyPolicy;
  }
  if (mayHaveNodePorts(before) && !mayHaveNodePorts(after)) {
    const old = new Set((before.ports ?? []).map((port) => port.nodePort));
    for (const port of after.ports ?? []) if (old.has(port.nodePort)) delete port.nodePort;
  }
  if (needsHealthCheckPort(before) && !needsHealthCheckPort(after)) {
    if (after.healthCheckNodePort === before.healthCheckNodePort) delete after.healthCheckNodePort;
  }
}

function sameList(left: readonly string[] | undefined, right: readonly string[] | undefined): boolean {
  return stringifyExact(left ?? []) === stringifyExact(right ?? []);
}

/** Fills in families and both forms of the cluster IP on a cluster that knows IPv4 only. Returns what cannot be. */
export function initFamilies(spec: ServiceSpec): FieldError[] {
  if (!needsClusterIp(spec)) return [];
  if (!spec.clusterIPs?.length && spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0];
  if (isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0) {
    initSelectorless(spec);
    return [];
  }
  const errors = familyErrors(spec);
  spec.ipFamilyPolicy ??= 'SingleStack';
  if (!spec.ipFamilies?.length) spec.ipFamilies = ['IPv4'];
  return errors;
}

/** Nobody allocates anything for such a service, so it may name families that the cluster does not have. */
function initSelectorless(spec: ServiceSpec): void {
  const families = spec.ipFamilies?.length ? [...spec.ipFamilies] : ['IPv4'];
  spec.ipFamilyPolicy ??= 'RequireDualStack';
  if (families.length < 2 && spec.ipFamilyPolicy !== 'SingleStack')
    families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
  spec.ipFamilies = families;
}

function familyErrors(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    errors.push(
      invalid('spec.ipFamilyPolicy', 'RequireDualStack', 'this cluster is not configured for dual-stack services'),
    );
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (family !== 'IPv4') errors.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  }
  return errors;
}
