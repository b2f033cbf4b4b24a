/** storage.k8s.io/v1 CSINode. */
import { duplicate, type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { isDNS1123Subdomain, isQualifiedName } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { storageV1 } from '../group-versions.js';
import type { CSINode } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

function validate(object: CSINode): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName });
  const seen = new Set<string>();
  for (const [index, driver] of (object.spec.drivers ?? []).entries()) {
    const path = `spec.drivers[${index}]`;
    if (seen.has(driver.name)) errors.push(duplicate(`${path}.name`, driver.name));
    seen.add(driver.name);
    if (!driver.name) errors.push(required(`${path}.name`));
    else errors.push(...validateWith(isDNS1123Subdomain, driver.name.toLowerCase(), `${path}.name`));
    if (!driver.nodeID) errors.push(required(`${path}.nodeID`));
    else if (Buffer.byteLength(driver.nodeID) > 256) {
      errors.push(invalid(`${path}.nodeID`, driver.nodeID, 'must be 256 characters or less'));
    }
    for (const key of driver.topologyKeys ?? [])
      errors.push(...validateWith(isQualifiedName, key, `${path}.topologyKeys`));
  }
  return errors;
}

export const csiNode = defineKind<CSINode>({
  in: storageV1,
  kind: 'CSINode',
  clusterScoped: true,
  storagePath: 'csinodes',
  columns: [
    nameColumn<CSINode>(),
    column<CSINode>('Drivers', 'io.k8s.api.storage.v1.CSINodeSpec#drivers', ({ spec }) => spec.drivers?.length ?? 0, {
      type: 'integer',
    }),
    ageColumn<CSINode>(),
  ],
  hooks: {
    default(object) {
      object.spec ??= { drivers: [] };
    },
    validate,
    validateUpdate(object, old) {
      const errors = [...validateObjectMetaUpdate(object, old), ...validate(object)];
      for (const before of old.spec.drivers ?? []) {
        const after = object.spec.drivers?.find(({ name }) => name === before.name);
        if (after && !deepEqual({ ...after, allocatable: null }, { ...before, allocatable: null })) {
          errors.push(invalid('spec.drivers', after, 'field is immutable'));
        }
      }
      return errors;
    },
  },
});
