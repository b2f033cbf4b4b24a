/** core/v1 Endpoints. */
import { type FieldError, required } from '@kubelab/apimachinery/field-error';
import { isDNS1123Label } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import type { EndpointPort, EndpointSubset, Endpoints } from '../types.js';
import { validateEach, validateEnum, validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateEndpointIP, validatePortNumber } from '../validation/network.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const shown = 3;

/** Upstream's summary of the addresses: `10.0.0.1:80,10.0.0.2:80 + 3 more...`. */
export function formatEndpoints(endpoints: Endpoints): string {
  const subsets = endpoints.subsets ?? [];
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)),
        ),
  );
  const text = all.slice(0, shown).join(',');
  return all.length > shown ? `${text} + ${all.length - shown} more...` : text;
}

function validateEndpoints(endpoints: Endpoints): FieldError[] {
  return [
    ...validateObjectMeta(endpoints.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateEach(endpoints.subsets, 'subsets', validateSubset),
  ];
}

function validateSubset(
  { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
  }
  for (const [field, list] of Object.entries({ addresses, notReadyAddresses })) {
    errors.push(
      ...validateEach(list, `${path}.${field}`, (address, at) => [
        ...validateEndpointIP(address.ip ?? '', `${at}.ip`),
        ...(address.hostname ? validateWith(isDNS1123Label, address.hostname, `${at}.hostname`) : []),
      ]),
    );
  }
  errors.push(...validateEach(ports, `${path}.ports`, (port, at) => validatePort(port, at, ports.length > 1)));
  return errors;
}

function validatePort(port: EndpointPort, path: string, needsName: boolean): FieldError[] {
  return [
    ...(port.name
      ? validateWith(isDNS1123Label, port.name, `${path}.name`)
      : needsName
        ? [required(`${path}.name`)]
        : []),
    ...validatePortNumber(port.port, `${path}.port`),
    ...validateEnum(port.protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`),
  ];
}

export const endpoints = defineKind<Endpoints>({
  in: coreV1,
  kind: 'Endpoints',
  plural: 'endpoints',
  shortNames: ['ep'],
  storagePath: 'services/endpoints',
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  columns: [
    nameColumn<Endpoints>(),
    column<Endpoints>('Endpoints', 'io.k8s.api.core.v1.Endpoints#subsets', formatEndpoints),
    ageColumn<Endpoints>(),
  ],
  hooks: {
    default(object) {
      for (const subset of object.subsets ?? []) {
        for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
      }
    },
    validate: validateEndpoints,
    validateUpdate: (object, old) => [...validateObjectMetaUpdate(object, old), ...validateEndpoints(object)],
    warnings: () => ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  },
});
