/** coordination.k8s.io/v1 Lease. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { coordinationV1 } from '../group-versions.js';
import type { Lease } from '../types.js';
import { validateNonNegative } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

function validate(object: Lease): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: true, name: dnsSubdomainName });
  const { leaseDurationSeconds: duration, leaseTransitions } = object.spec;
  if (duration !== undefined && duration <= 0) {
    errors.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  }
  return [...errors, ...validateNonNegative(leaseTransitions, 'spec.leaseTransitions')];
}

export const lease = defineKind<Lease>({
  in: coordinationV1,
  kind: 'Lease',
  storagePath: 'leases',
  columns: [
    nameColumn<Lease>(),
    column<Lease>(
      'Holder',
      'io.k8s.api.coordination.v1.LeaseSpec#holderIdentity',
      (object) => object.spec.holderIdentity ?? '',
    ),
    ageColumn<Lease>(),
  ],
  hooks: {
    default(object) {
      object.spec ??= {};
    },
    validate,
    validateUpdate: (object, old) => [...validateObjectMetaUpdate(object, old), ...validate(object)],
  },
});
