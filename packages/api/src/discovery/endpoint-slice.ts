/** discovery.k8s.io/v1 EndpointSlice. */
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooMany,
} from '@kubelab/apimachinery/field-error';
import {
  isDNS1123Label,
  isDNS1123Subdomain,
  isInRange,
  isQualifiedName,
  isValidIPv4Address,
  isValidIPv6Address,
} from '@kubelab/apimachinery/names';
import { ageColumn, column, listWithMore, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { discoveryV1 } from '../group-versions.js';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice } from '../types.js';
import { validateEach, validateEnum, validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateEndpointIP } from '../validation/network.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const maxEndpoints = 1000;
const maxAddresses = 100;
const maxPorts = 20_000;
const shown = 3;

function validate(slice: EndpointSlice): FieldError[] {
  return [
    ...validateObjectMeta(slice.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateEnum(slice.addressType, addressTypes, 'addressType'),
    ...validateEndpoints(slice),
    ...validatePorts(slice.ports ?? []),
  ];
}

function validateEndpoints(slice: EndpointSlice): FieldError[] {
  const { addressType } = slice;
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > maxEndpoints) return [tooMany('endpoints', endpoints.length, maxEndpoints)];
  return validateEach(endpoints, 'endpoints', (endpoint, path) => validateEndpoint(endpoint, addressType, path));
}

function validateEndpoint(endpoint: Endpoint, type: string, path: string): FieldError[] {
  const { addresses = [] } = endpoint;
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(`${path}.addresses`, 'must contain at least 1 address'));
  if (addresses.length > maxAddresses) errors.push(tooMany(`${path}.addresses`, addresses.length, maxAddresses));
  errors.push(...validateEach(addresses, `${path}.addresses`, (address, at) => validateAddress(address, type, at)));
  if (endpoint.nodeName !== undefined)
    errors.push(...validateWith(isDNS1123Subdomain, endpoint.nodeName, `${path}.nodeName`));
  if (endpoint.hostname !== undefined)
    errors.push(...validateWith(isDNS1123Label, endpoint.hostname, `${path}.hostname`));
  return errors;
}

function validateAddress(address: string, type: string, path: string): FieldError[] {
  switch (type) {
    case 'IPv4':
      return [...validateWith(isValidIPv4Address, address, path), ...validateEndpointIP(address, path)];
    case 'IPv6':
      return [...validateWith(isValidIPv6Address, address, path), ...validateEndpointIP(address, path)];
    case 'FQDN':
      return validateWith(isDNS1123Subdomain, address.replace(/\.$/, ''), path);
    default:
      return [];
  }
}

function validatePorts(ports: readonly DiscoveryV1EndpointPort[]): FieldError[] {
  if (ports.length > maxPorts) return [tooMany('ports', ports.length, maxPorts)];
  const names = new Set<string>();
  return validateEach(ports, 'ports', (port, path) => {
    const { name = '', protocol } = port;
    const errors = name === '' ? [] : validateWith(isDNS1123Label, name, `${path}.name`);
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
    if (protocol === undefined) errors.push(required(`${path}.protocol`));
    else if (!['SCTP', 'TCP', 'UDP'].includes(protocol)) {
      errors.push(notSupported(`${path}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']));
    }
    if (port.port !== undefined) {
      errors.push(...isInRange(port.port, 1, 65535).map((problem) => invalid(`${path}.port`, port.port, problem)));
    }
    if (port.appProtocol !== undefined)
      errors.push(...validateWith(isQualifiedName, port.appProtocol, `${path}.appProtocol`));
    return errors;
  });
}

const about = (field: string): string => `io.k8s.api.discovery.v1.EndpointSlice#${field}`;

export const endpointSlice = defineKind<EndpointSlice>({
  in: discoveryV1,
  kind: 'EndpointSlice',
  storagePath: 'endpointslices',
  columns: [
    nameColumn<EndpointSlice>(),
    column<EndpointSlice>('AddressType', about('addressType'), (object) => object.addressType ?? ''),
    column<EndpointSlice>(
      'Ports',
      about('ports'),
      ({ ports }) =>
        listWithMore(
          (ports ?? []).map(({ port, name }) => String(port ?? name ?? '*')),
          shown,
        ) || '<unset>',
    ),
    column<EndpointSlice>(
      'Endpoints',
      about('endpoints'),
      ({ endpoints }) =>
        listWithMore(
          (endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
          shown,
        ) || '<unset>',
    ),
    ageColumn<EndpointSlice>(),
  ],
  generation: true,
  hooks: {
    default(slice) {
      for (const port of slice.ports ?? []) {
        port.name ??= '';
        port.protocol ??= 'TCP';
      }
    },
    validate,
    validateUpdate: (slice, old) => [
      ...validateObjectMetaUpdate(slice, old),
      ...validate(slice),
      ...validateImmutable(slice.addressType, old.addressType, 'addressType'),
    ],
  },
});
