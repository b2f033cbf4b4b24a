/** networking.k8s.io/v1 Ingress. */
import { type FieldError, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import {
  isDNS1035Label,
  isDNS1123Subdomain,
  isValidIP,
  isValidPortName,
  isWildcardDNS1123Subdomain,
} from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { networkingV1 } from '../group-versions.js';
import { clearStatus, keepStatus } from '../status.js';
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule, IngressSpec } from '../types.js';
import { validateEach, validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validatePortNumber } from '../validation/network.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const shownHosts = 3;
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEndings = ['/..', '/.'];

function hostsText(rules: readonly IngressRule[]): string {
  const hosts = rules
    .slice(0, shownHosts)
    .map(({ host }) => host ?? '')
    .filter(Boolean);
  if (hosts.length === 0) return '*';
  const more = rules.length > shownHosts && hosts.length === shownHosts;
  return more ? `${hosts.join(',')} + ${rules.length - shownHosts} more...` : hosts.join(',');
}

function addressText(ingress: Ingress): string {
  const entries = ingress.status?.loadBalancer?.ingress ?? [];
  return [...new Set(entries.map(({ ip, hostname }) => ip || hostname || '').filter(Boolean))].sort().join(',');
}

function validate(ingress: Ingress): FieldError[] {
  return [
    ...validateObjectMeta(ingress.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateSpec(ingress.spec),
  ];
}

function validateSpec(spec: IngressSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.rules?.length && !spec.defaultBackend) {
    errors.push(invalid('spec', spec.rules ?? [], 'either `defaultBackend` or `rules` must be specified'));
  }
  if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'));
  errors.push(...validateEach(spec.rules, 'spec.rules', validateRule));
  errors.push(
    ...validateEach(spec.tls, 'spec.tls', (tls, path) => validateEach(tls.hosts, `${path}.hosts`, validateHost)),
  );
  if (spec.ingressClassName !== undefined) {
    errors.push(...validateWith(isDNS1123Subdomain, spec.ingressClassName, 'spec.ingressClassName'));
  }
  return errors;
}

function validateHost(host: string, path: string): FieldError[] {
  return validateWith(host.includes('*') ? isWildcardDNS1123Subdomain : isDNS1123Subdomain, host, path);
}

function validateRule(rule: IngressRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (rule.host) {
    if (isValidIP(rule.host).length === 0) {
      errors.push(invalid(`${path}.host`, rule.host, 'must be a DNS name, not an IP address'));
    } else errors.push(...validateHost(rule.host, `${path}.host`));
  }
  if (!rule.http) return errors;
  if (!rule.http.paths?.length) return [...errors, required(`${path}.http.paths`)];
  return [...errors, ...validateEach(rule.http.paths, `${path}.http.paths`, validatePath)];
}

function validatePath(item: HTTPIngressPath, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const { pathType, path = '' } = item;
  const types = ['Exact', 'ImplementationSpecific', 'Prefix'];
  if (pathType === undefined || pathType === '') errors.push(required(`${at}.pathType`, 'pathType must be specified'));
  else if (!types.includes(pathType)) errors.push(notSupported(`${at}.pathType`, pathType, types));
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!path.startsWith('/')) errors.push(invalid(`${at}.path`, path, 'must be an absolute path'));
    const bad = badSequences.find((sequence) => path.includes(sequence));
    if (bad) errors.push(invalid(`${at}.path`, path, `must not contain '${bad}'`));
    const ending = badEndings.find((each) => path.endsWith(each));
    if (ending) errors.push(invalid(`${at}.path`, path, `cannot end with '${ending}'`));
  } else if (path !== '' && !path.startsWith('/')) {
    errors.push(invalid(`${at}.path`, path, 'must be an absolute path'));
  }
  return [...errors, ...validateBackend(item.backend ?? {}, `${at}.backend`)];
}

function validateBackend(backend: IngressBackend, path: string): FieldError[] {
  const { service, resource } = backend;
  if (resource && service) return [invalid(path, '', 'cannot set both resource and service backends')];
  if (resource) {
    return (['kind', 'name'] as const).flatMap((field) =>
      resource[field] ? [] : [required(`${path}.resource.${field}`)],
    );
  }
  if (!service) return [required(path, 'resource or service backend is required')];
  const errors: FieldError[] = [];
  if (!service.name) errors.push(required(`${path}.service.name`));
  else errors.push(...validateWith(isDNS1035Label, service.name, `${path}.service.name`));
  const { name, number } = service.port ?? {};
  if (name && number) errors.push(invalid(path, '', 'cannot set both port name & port number'));
  else if (name) errors.push(...validateWith(isValidPortName, name, `${path}.service.port.name`));
  else if (number) errors.push(...validatePortNumber(number, `${path}.service.port.number`));
  else errors.push(required(path, 'port name or number is required'));
  return errors;
}

const oldClassKey = 'kubernetes.io/ingress.class';

const hooks: KindHooks<Ingress> = {
  default(ingress) {
    ingress.spec ??= {};
    ingress.status ??= {};
    ingress.status.loadBalancer ??= {};
  },
  prepareForCreate: (ingress) => clearStatus(ingress, { loadBalancer: {} }),
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(ingress, old) {
    ingress.spec = old.spec;
  },
  warnings: ({ metadata, spec }, old) =>
    !old && metadata.annotations?.[oldClassKey] !== undefined && spec?.ingressClassName === undefined
      ? [`annotation "${oldClassKey}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
  validate,
  validateUpdate: (ingress, old) => [...validateObjectMetaUpdate(ingress, old), ...validate(ingress)],
  validateStatusUpdate: validateObjectMetaUpdate,
};

export const ingress = defineKind<Ingress>({
  in: networkingV1,
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  storagePath: 'ingress',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<Ingress>(),
    column<Ingress>(
      'Class',
      'The name of the IngressClass resource that should be used for additional configuration',
      (object) => object.spec.ingressClassName ?? '<none>',
    ),
    column<Ingress>('Hosts', 'Hosts that incoming requests are matched against before the ingress rule', (object) =>
      hostsText(object.spec.rules ?? []),
    ),
    column<Ingress>('Address', 'Address is a list containing ingress points for the load-balancer', addressText),
    column<Ingress>('Ports', 'Ports of TLS configurations that open', (object) =>
      object.spec.tls?.length ? '80, 443' : '80',
    ),
    ageColumn<Ingress>(),
  ],
  generation: true,
  hooks,
});
