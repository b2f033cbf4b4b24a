/** core/v1 Service. */
import { ageColumn, column, formatLabels, nameColumn, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import {
  defaultIPFamilies,
  defaultService,
  dropTypeDependent,
  keepAllocated,
  normalizeClusterIPs,
} from '../service/defaults.js';
import { validateService, validateServiceUpdate } from '../service/validation.js';
import { serviceWarnings } from '../service/warnings.js';
import { keepStatus } from '../status.js';
import type { Service } from '../types.js';
import { validateObjectMetaUpdate } from '../validation/object-meta.js';

const about = (field: string): string => `io.k8s.api.core.v1.ServiceSpec#${field}`;

/** Addresses of the load balancer, sorted. */
function balancerAddresses(service: Service): string[] {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  return [...new Set(ingress.map(({ ip, hostname }) => ip || hostname || '').filter(Boolean))].sort();
}

function externalAddress(service: Service): string {
  const { type, externalIPs = [], externalName = '' } = service.spec;
  switch (type) {
    case 'ClusterIP':
    case 'NodePort':
      return externalIPs.join(',') || '<none>';
    case 'LoadBalancer':
      return [...balancerAddresses(service), ...externalIPs].join(',') || '<pending>';
    case 'ExternalName':
      return externalName;
    default:
      return '<unknown>';
  }
}

function portsText(service: Service): string {
  const pieces = (service.spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return pieces.join(',') || '<none>';
}

const hooks: KindHooks<Service> = {
  default: defaultService,
  prepareForCreate(service) {
    service.status = { loadBalancer: {} };
    normalizeClusterIPs(service.spec);
    defaultIPFamilies(service.spec);
  },
  prepareForUpdate(service, old) {
    keepStatus(service, old);
    keepAllocated(service.spec, old.spec);
    normalizeClusterIPs(service.spec, old.spec);
    dropTypeDependent(service.spec, old.spec);
    defaultIPFamilies(service.spec);
  },
  prepareForStatusUpdate(service, old) {
    service.spec = old.spec;
  },
  warnings: serviceWarnings,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateObjectMetaUpdate,
};

export const service = defineKind<Service>({
  in: coreV1,
  kind: 'Service',
  shortNames: ['svc'],
  categories: ['all'],
  storagePath: 'services/specs',
  subresources: {
    proxy: { kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
    status: editSubresource,
  },
  columns: [
    nameColumn<Service>(),
    column<Service>('Type', about('type'), (object) => object.spec.type ?? ''),
    column<Service>('Cluster-IP', about('clusterIP'), (object) => object.spec.clusterIPs?.[0] ?? '<none>'),
    column<Service>('External-IP', about('externalIPs'), externalAddress),
    column<Service>('Port(s)', about('ports'), portsText),
    ageColumn<Service>(),
    column<Service>('Selector', about('selector'), (object) => formatLabels(object.spec.selector), wide),
  ],
  selectableFields: ['spec.clusterIP', 'spec.type'],
  hooks,
});
