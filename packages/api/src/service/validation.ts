/** Validation of services. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '@kubelab/apimachinery/field-error';
import { parseIP } from '@kubelab/apimachinery/ip';
import {
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidCIDR,
  isValidIP,
} from '@kubelab/apimachinery/names';
import { validatePortNumberOrName } from '../pod/validation/probes.js';
import type { Service, ServicePort, ServiceSpec } from '../types.js';
import { validateEach, validateEnum, validateOptionalEnum, validateWith } from '../validation/fields.js';
import { validateLabels } from '../validation/labels.js';
import { dns1035LabelName } from '../validation/names.js';
import { validateEndpointIP, validatePortNumber } from '../validation/network.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { isExternallyAccessible, isHeadless, needsClusterIP } from './defaults.js';

const kubeletPort = 10250;
const maxAffinitySeconds = 86400;
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export function validateService(service: Service): FieldError[] {
  const { spec } = service;
  return [
    ...validateObjectMeta(service.metadata, { namespaced: true, name: dns1035LabelName }),
    ...validateTypeRules(spec),
    ...validatePorts(spec),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...validateAffinity(spec),
    ...validateEach(spec.externalIPs, 'spec.externalIPs', (ip, at) => validateEndpointIP(ip, at)),
    ...validateEnum(spec.type, types, 'spec.type'),
    ...validateNodePortUse(spec),
    ...validateDuplicatePorts(spec.ports ?? []),
    ...validateLoadBalancer(spec),
    ...validateTrafficPolicies(spec),
    ...validateClusterIPs(spec),
  ];
}

function validateTypeRules(spec: ServiceSpec): FieldError[] {
  const ports = spec.ports ?? [];
  const errors: FieldError[] = [];
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  switch (spec.type) {
    case 'LoadBalancer':
      ports.forEach(({ port }, index) => {
        if (port !== kubeletPort) return;
        const why = `may not expose port ${kubeletPort} externally since it is used by kubelet`;
        errors.push(invalid(`spec.ports[${index}].port`, port, why));
      });
      if (isHeadless(spec)) errors.push(notHeadless('LoadBalancer'));
      break;
    case 'NodePort':
      if (isHeadless(spec)) errors.push(notHeadless('NodePort'));
      break;
    case 'ExternalName':
      if (spec.clusterIPs?.length || spec.clusterIP) {
        errors.push(forbiddenField('spec.clusterIPs', 'may not be set for ExternalName services'));
      }
      errors.push(...validateExternalName(spec.externalName ?? ''));
  }
  return errors;
}

const notHeadless = (type: string): FieldError =>
  invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);

function validateExternalName(name: string): FieldError[] {
  if (name === '') return [required('spec.externalName')];
  return validateWith(isDNS1123Subdomain, name.replace(/\.$/, ''), 'spec.externalName');
}

function validatePorts(spec: ServiceSpec): FieldError[] {
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  return validateEach(ports, 'spec.ports', (port, at) => {
    const errors = validateName(port, names, ports.length > 1, `${at}.name`);
    errors.push(...validatePortNumber(port.port, `${at}.port`));
    errors.push(...validateEnum(port.protocol, ['SCTP', 'TCP', 'UDP'], `${at}.protocol`));
    errors.push(...validatePortNumberOrName(port.targetPort, `${at}.targetPort`));
    if (port.appProtocol !== undefined) {
      errors.push(...validateWith(isQualifiedName, port.appProtocol, `${at}.appProtocol`));
    }
    return errors;
  });
}

function validateName(port: ServicePort, names: Set<string>, needed: boolean, path: string): FieldError[] {
  if (!port.name) return needed ? [required(path)] : [];
  const errors = validateWith(isDNS1123Label, port.name, path);
  if (names.has(port.name)) errors.push(duplicate(path, port.name));
  names.add(port.name);
  return errors;
}

function validateAffinity(spec: ServiceSpec): FieldError[] {
  const errors = validateEnum(spec.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity');
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinity === 'ClientIP' && seconds !== undefined && (seconds <= 0 || seconds > maxAffinitySeconds)) {
    const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    errors.push(invalid(path, seconds, `must be greater than 0 and less than ${maxAffinitySeconds}`));
  }
  return errors;
}

function validateNodePortUse(spec: ServiceSpec): FieldError[] {
  if (spec.type !== 'ClusterIP') return [];
  return validateEach(spec.ports, 'spec.ports', (port, at) =>
    port.nodePort ? [forbiddenField(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'")] : [],
  );
}

function validateDuplicatePorts(ports: readonly ServicePort[]): FieldError[] {
  const nodePorts = new Set<string>();
  const seen = new Set<string>();
  return validateEach(ports, 'spec.ports', (port, at) => {
    const errors: FieldError[] = [];
    const nodePort = `${port.protocol}/${port.nodePort}`;
    if (port.nodePort) {
      if (nodePorts.has(nodePort)) errors.push(duplicate(`${at}.nodePort`, port.nodePort));
      nodePorts.add(nodePort);
    }
    const identity = `${port.protocol}/${port.port}`;
    if (seen.has(identity)) errors.push(duplicate(at, { protocol: port.protocol, port: port.port }));
    seen.add(identity);
    return errors;
  });
}

function validateLoadBalancer(spec: ServiceSpec): FieldError[] {
  const balanced = spec.type === 'LoadBalancer';
  const only = "may only be used when `type` is 'LoadBalancer'";
  const errors: FieldError[] = [];
  if (spec.loadBalancerSourceRanges?.length) {
    if (!balanced) errors.push(forbiddenField('spec.LoadBalancerSourceRanges', only));
    errors.push(
      ...validateEach(spec.loadBalancerSourceRanges, 'spec.LoadBalancerSourceRanges', (range) =>
        validateWith(isValidCIDR, range.trim(), 'spec.LoadBalancerSourceRanges'),
      ),
    );
  }
  if (!balanced && spec.allocateLoadBalancerNodePorts !== undefined) {
    errors.push(forbiddenField('spec.allocateLoadBalancerNodePorts', only));
  }
  if (!balanced && spec.loadBalancerClass !== undefined) errors.push(forbiddenField('spec.loadBalancerClass', only));
  return errors;
}

function validateTrafficPolicies(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const policies = ['Cluster', 'Local'];
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal } = spec;
  if (!isExternallyAccessible(spec)) {
    if (external) {
      const why = 'may only be set for externally-accessible services';
      errors.push(invalid('spec.externalTrafficPolicy', external, why));
    }
  } else errors.push(...validateEnum(external, policies, 'spec.externalTrafficPolicy'));
  if (spec.type !== 'ExternalName') errors.push(...validateEnum(internal, policies, 'spec.internalTrafficPolicy'));
  const distributions = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
  errors.push(...validateOptionalEnum(spec.trafficDistribution, distributions, 'spec.trafficDistribution'));
  return errors;
}

function validateClusterIPs(spec: ServiceSpec): FieldError[] {
  if (!needsClusterIP(spec)) return [];
  const ips = spec.clusterIPs ?? [];
  const errors: FieldError[] = [];
  const supported = ['IPv4', 'IPv6'];
  const policies = ['SingleStack', 'PreferDualStack', 'RequireDualStack'];
  errors.push(...validateOptionalEnum(spec.ipFamilyPolicy, policies, 'spec.ipFamilyPolicy'));
  const open = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
  if (spec.ipFamilyPolicy === 'RequireDualStack' && !open) {
    const why = 'this cluster is not configured for dual-stack services';
    errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, why));
  }
  errors.push(
    ...validateEach(spec.ipFamilies, 'spec.ipFamilies', (family, at) => {
      if (!supported.includes(family)) return [notSupported(at, family, supported)];
      return family === 'IPv6' && !open ? [invalid(at, family, 'not configured on this cluster')] : [];
    }),
  );
  if (spec.clusterIP && ips.length > 0 && spec.clusterIP !== ips[0]) {
    errors.push(invalid('spec.clusterIPs', ips, 'first value must match `clusterIP`'));
  }
  if (ips.length > 1 && ips.includes('None')) {
    errors.push(invalid('spec.clusterIPs', ips, "'None' must be the first and only value"));
  }
  errors.push(...validateEach(ips, 'spec.clusterIPs', validateClusterIP));
  return errors;
}

function validateClusterIP(ip: string, path: string): FieldError[] {
  if (ip === 'None') return [];
  const errors = validateWith(isValidIP, ip, path);
  if (parseIP(ip)?.family === 'IPv6') errors.push(invalid(path, ip, 'not configured on this cluster'));
  return errors;
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors = validateObjectMetaUpdate(service, old);
  const before = old.spec.clusterIPs?.[0];
  const after = service.spec.clusterIPs?.[0];
  if (needsClusterIP(service.spec) && needsClusterIP(old.spec) && before && after !== before) {
    const path = 'spec.clusterIPs[0]';
    errors.push(
      after === undefined
        ? invalid(path, service.spec.clusterIPs ?? [], 'primary clusterIP can not be unset')
        : invalid(path, [after], 'may not change once set'),
    );
  }
  return [...errors, ...validateService(service)];
}
