/** networking.k8s.io/v1 IPAddress. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { formatIP, parseIP } from '@kubelab/apimachinery/ip';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { networkingV1 } from '../group-versions.js';
import type { IPAddress } from '../types.js';
import type { NameRule } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

/** The name is the address in its canonical form. */
const addressName: NameRule = (name) => {
  const ip = parseIP(name);
  if (!ip) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  return formatIP(ip) === name ? [] : ['must be a canonical IP address'];
};

function validate(object: IPAddress): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: addressName });
  const { parentRef } = object.spec;
  if (!parentRef) return [...errors, required('spec.parentRef')];
  if (!parentRef.resource) errors.push(required('spec.parentRef.resource'));
  if (!parentRef.name) errors.push(required('spec.parentRef.name'));
  if (/[/%]/.test(parentRef.name ?? '')) {
    errors.push(invalid('spec.parentRef.name', parentRef.name, "may not contain '/' or '%'"));
  }
  return errors;
}

function parentText({ spec }: IPAddress): string {
  const { group, resource, namespace, name } = spec.parentRef ?? { resource: '', name: '' };
  const kind = group ? `${resource}.${group}` : resource;
  return [kind.toLowerCase(), ...(namespace ? [namespace] : []), name].join('/');
}

export const ipAddress = defineKind<IPAddress>({
  in: networkingV1,
  kind: 'IPAddress',
  plural: 'ipaddresses',
  shortNames: ['ip'],
  clusterScoped: true,
  storagePath: 'ipaddresses',
  columns: [
    nameColumn<IPAddress>(),
    column<IPAddress>('ParentRef', 'io.k8s.api.networking.v1.IPAddressSpec#parentRef', parentText),
    ageColumn<IPAddress>(),
  ],
  hooks: {
    default(object) {
      object.spec ??= {} as IPAddress['spec'];
    },
    validate,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validate(object),
      ...validateImmutable(object.spec.parentRef, old.spec.parentRef, 'spec.parentRef'),
    ],
  },
});
