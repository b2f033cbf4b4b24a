/** networking.k8s.io/v1 NetworkPolicy. */
import { type FieldError, forbiddenField, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { isValidCIDR } from '@kubelab/apimachinery/names';
import { ageColumn, column, formatLabelSelector, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { networkingV1 } from '../group-versions.js';
import { validatePortNumberOrName } from '../pod/validation/probes.js';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../types.js';
import { cidrWarnings } from '../validation/address-warnings.js';
import { validateEach, validateWith } from '../validation/fields.js';
import { validateLabelSelector } from '../validation/labels.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

/** Of the ranges of peers. */
function warnings({ spec }: NetworkPolicy): string[] {
  const rules = [
    ...(spec?.ingress ?? []).map(({ from }, index) => [from, `spec.ingress[${index}].from`] as const),
    ...(spec?.egress ?? []).map(({ to }, index) => [to, `spec.egress[${index}].to`] as const),
  ];
  return rules.flatMap(([peers, path]) =>
    (peers ?? []).flatMap(({ ipBlock }, index) => {
      const at = `${path}[${index}].ipBlock`;
      if (!ipBlock) return [];
      const excepted = (ipBlock.except ?? []).flatMap((range, position) =>
        cidrWarnings(range, `${at}.except[${position}]`),
      );
      return [...cidrWarnings(ipBlock.cidr, `${at}.cidr`), ...excepted];
    }),
  );
}

const protocols = ['SCTP', 'TCP', 'UDP'];
const types = ['Egress', 'Ingress'];

function validate(policy: NetworkPolicy): FieldError[] {
  const { spec } = policy;
  const errors = validateObjectMeta(policy.metadata, { namespaced: true, name: dnsSubdomainName });
  errors.push(...validateLabelSelector(spec.podSelector, 'spec.podSelector'));
  errors.push(
    ...validateEach(spec.ingress, 'spec.ingress', (rule, path) => [
      ...validateEach(rule.ports, `${path}.ports`, validatePort),
      ...validateEach(rule.from, `${path}.from`, validatePeer),
    ]),
  );
  errors.push(
    ...validateEach(spec.egress, 'spec.egress', (rule, path) => [
      ...validateEach(rule.ports, `${path}.ports`, validatePort),
      ...validateEach(rule.to, `${path}.to`, validatePeer),
    ]),
  );
  if ((spec.policyTypes ?? []).length > types.length) {
    errors.push(invalid('spec.policyTypes', spec.policyTypes, 'may not specify more than two policyTypes'));
    return errors;
  }
  errors.push(
    ...validateEach(spec.policyTypes, 'spec.policyTypes', (type, path) =>
      types.includes(type) ? [] : [notSupported(path, type, types)],
    ),
  );
  return errors;
}

function validatePort(port: NetworkPolicyPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.protocol !== undefined && !protocols.includes(port.protocol)) {
    errors.push(notSupported(`${path}.protocol`, port.protocol, protocols));
  }
  if (port.port !== undefined) {
    errors.push(...validatePortNumberOrName(port.port, `${path}.port`));
    if (port.endPort !== undefined) {
      if (typeof port.port === 'string') {
        const why = 'may not be specified when `port` is non-numeric';
        errors.push(invalid(`${path}.endPort`, port.endPort, why));
      } else if (port.endPort < port.port) {
        errors.push(invalid(`${path}.endPort`, port.endPort, 'must be greater than or equal to `port`'));
      }
    }
  } else if (port.endPort !== undefined) {
    errors.push(invalid(`${path}.endPort`, port.endPort, 'may not be specified when `port` is not specified'));
  }
  return errors;
}

function validatePeer(peer: NetworkPolicyPeer, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { podSelector, namespaceSelector, ipBlock } = peer;
  errors.push(...validateLabelSelector(podSelector, `${path}.podSelector`));
  errors.push(...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`));
  if (ipBlock) {
    errors.push(...validateWith(isValidCIDR, ipBlock.cidr ?? '', `${path}.ipBlock.cidr`));
    errors.push(
      ...validateEach(ipBlock.except, `${path}.ipBlock.except`, (cidr, at) => validateWith(isValidCIDR, cidr, at)),
    );
  }
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(path, 'must specify a peer'));
  if (ipBlock && (podSelector || namespaceSelector)) {
    errors.push(forbiddenField(path, 'may not specify both ipBlock and another peer'));
  }
  return errors;
}

export const networkPolicy = defineKind<NetworkPolicy>({
  in: networkingV1,
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  storagePath: 'networkpolicies',
  columns: [
    nameColumn<NetworkPolicy>(),
    column<NetworkPolicy>('Pod-Selector', 'io.k8s.api.networking.v1.NetworkPolicySpec#podSelector', (object) =>
      formatLabelSelector(object.spec.podSelector),
    ),
    ageColumn<NetworkPolicy>(),
  ],
  generation: true,
  hooks: {
    default(policy) {
      policy.spec ??= {};
      policy.spec.podSelector ??= {};
      for (const rule of [...(policy.spec.ingress ?? []), ...(policy.spec.egress ?? [])]) {
        for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
      }
      policy.spec.policyTypes ??= policy.spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
    },
    warnings,
    validate,
    validateUpdate: (policy, old) => [...validateObjectMetaUpdate(policy, old), ...validate(policy)],
  },
});
