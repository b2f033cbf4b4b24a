/** What of a Service is ignored or old, and addresses that are not written as they should be. */
import type { Service, ServiceSpec } from '../types.js';
import { cidrWarnings, ipWarnings } from '../validation/address-warnings.js';

const oldHints = 'service.kubernetes.io/topology-aware-hints';

export function serviceWarnings({ metadata, spec }: Service): string[] {
  const addresses = (spec.clusterIPs ?? []).filter((ip) => ip !== 'None' && ip !== '');
  return [
    ...(metadata.annotations?.[oldHints] === undefined
      ? []
      : [`annotation ${oldHints} is deprecated, please use service.kubernetes.io/topology-mode instead`]),
    ...addresses.flatMap((ip, index) => ipWarnings(ip, `spec.clusterIPs[${index}]`)),
    ...ignoredFields(spec),
    ...(spec.externalIPs ?? []).flatMap((ip, index) => ipWarnings(ip, `spec.externalIPs[${index}]`)),
    ...(spec.loadBalancerIP ? ipWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP') : []),
    ...(spec.loadBalancerSourceRanges ?? []).flatMap((range, index) =>
      cidrWarnings(range, `spec.loadBalancerSourceRanges[${index}]`),
    ),
    ...externalNameWarnings(spec),
  ];
}

function ignoredFields(spec: ServiceSpec): string[] {
  if (spec.type !== 'ClusterIP' || spec.clusterIP !== 'None') return [];
  const why = 'is ignored for headless services';
  return [
    ...(spec.loadBalancerIP ? [`spec.loadBalancerIP ${why}`] : []),
    ...(spec.externalIPs?.length ? [`spec.externalIPs ${why}`] : []),
    ...(spec.sessionAffinity === 'None' ? [] : [`spec.SessionAffinity ${why}`]),
  ];
}

function externalNameWarnings(spec: ServiceSpec): string[] {
  const isExternal = spec.type === 'ExternalName';
  if (isExternal)
    return spec.externalIPs?.length ? ['spec.externalIPs is ignored when spec.type is "ExternalName"'] : [];
  return spec.externalName ? ['spec.externalName is ignored when spec.type is not "ExternalName"'] : [];
}
