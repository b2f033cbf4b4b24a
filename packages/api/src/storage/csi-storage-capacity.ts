/** storage.k8s.io/v1 CSIStorageCapacity. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { isDNS1123Subdomain } from '@kubelab/apimachinery/names';
import { parseQuantity } from '@kubelab/apimachinery/quantity';
import { column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { storageV1 } from '../group-versions.js';
import type { CSIStorageCapacity } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

function validate(object: CSIStorageCapacity): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: true, name: dnsSubdomainName });
  if (!object.storageClassName) errors.push(required('storageClassName'));
  else errors.push(...validateWith(isDNS1123Subdomain, object.storageClassName, 'storageClassName'));
  for (const field of ['capacity', 'maximumVolumeSize'] as const) {
    const amount = object[field];
    if (amount !== undefined && parseQuantity(amount).sign() < 0) {
      errors.push(invalid(field, amount, 'must be greater than or equal to 0'));
    }
  }
  return errors;
}

const about = (field: string): string => `io.k8s.api.storage.v1.CSIStorageCapacity#${field}`;

export const csiStorageCapacity = defineKind<CSIStorageCapacity>({
  in: storageV1,
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  storagePath: 'csistoragecapacities',
  columns: [
    nameColumn<CSIStorageCapacity>(),
    column<CSIStorageCapacity>('StorageClassName', about('storageClassName'), (object) => object.storageClassName),
    column<CSIStorageCapacity>('Capacity', about('capacity'), (object) => object.capacity ?? '<unset>'),
  ],
  hooks: {
    validate,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validate(object),
      ...validateImmutable(object.nodeTopology, old.nodeTopology, 'nodeTopology'),
      ...validateImmutable(object.storageClassName, old.storageClassName, 'storageClassName'),
    ],
  },
});
