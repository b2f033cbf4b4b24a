/** networking.k8s.io/v1 ServiceCIDR. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { parseCIDR } from '@kubelab/apimachinery/ip';
import { deepEqual } from '@kubelab/apimachinery/json';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource } from '../define-kind.js';
import { networkingV1 } from '../group-versions.js';
import { keepStatus } from '../status.js';
import type { ServiceCIDR } from '../types.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

function validate(object: ServiceCIDR): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName });
  const cidrs = object.spec?.cidrs ?? [];
  if (cidrs.length === 0) return [...errors, required('spec.cidrs', 'at least one CIDR required')];
  if (cidrs.length > 2) {
    return [...errors, invalid('spec', object.spec, 'may only hold up to 2 values')];
  }
  for (const [index, cidr] of cidrs.entries()) {
    if (parseCIDR(cidr)) continue;
    const why = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
    errors.push(invalid(`spec.cidrs[${index}]`, cidr, why));
  }
  const families = new Set(cidrs.map((cidr) => cidr.includes(':')));
  if (cidrs.length === 2 && families.size < 2) {
    const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    errors.push(invalid('spec.cidrs', cidrs, why));
  }
  return errors;
}

export const serviceCIDR = defineKind<ServiceCIDR>({
  in: networkingV1,
  kind: 'ServiceCIDR',
  clusterScoped: true,
  storagePath: 'servicecidrs',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<ServiceCIDR>(),
    column<ServiceCIDR>('CIDRs', 'io.k8s.api.networking.v1.ServiceCIDRSpec#cidrs', ({ spec }) =>
      (spec?.cidrs ?? []).join(','),
    ),
    ageColumn<ServiceCIDR>(),
  ],
  hooks: {
    default(object) {
      object.spec ??= {};
    },
    prepareForCreate(object) {
      object.status = {};
    },
    prepareForUpdate: keepStatus,
    prepareForStatusUpdate(object, old) {
      if (old.spec) object.spec = old.spec;
    },
    validate,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validate(object),
      ...(deepEqual(object.spec?.cidrs ?? [], old.spec?.cidrs ?? [])
        ? []
        : [invalid('spec.cidrs', object.spec?.cidrs ?? [], 'field is immutable')]),
    ],
  },
});
