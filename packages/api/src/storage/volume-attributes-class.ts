/** storage.k8s.io/v1 VolumeAttributesClass. */
import { type FieldError, forbiddenField, required } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { isDNS1123Subdomain } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { storageV1 } from '../group-versions.js';
import type { VolumeAttributesClass } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const defaultAnnotation = 'volumeattributesclass.kubernetes.io/is-default-class';

function validate(object: VolumeAttributesClass): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName });
  if (!object.driverName) errors.push(required('driverName', object.driverName ?? ''));
  else errors.push(...validateWith(isDNS1123Subdomain, object.driverName.toLowerCase(), 'driverName'));
  if (Object.keys(object.parameters ?? {}).length === 0) {
    errors.push(required('parameters', 'must contain at least one key/value pair'));
  }
  return errors;
}

export const volumeAttributesClass = defineKind<VolumeAttributesClass>({
  in: storageV1,
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  shortNames: ['vac'],
  clusterScoped: true,
  storagePath: 'volumeattributesclasses',
  columns: [
    nameColumn<VolumeAttributesClass>((object) => {
      const isDefault = object.metadata.annotations?.[defaultAnnotation] === 'true';
      return isDefault ? `${object.metadata.name} (default)` : object.metadata.name;
    }),
    column<VolumeAttributesClass>(
      'DriverName',
      'io.k8s.api.storage.v1.VolumeAttributesClass#driverName',
      (object) => object.driverName,
    ),
    ageColumn<VolumeAttributesClass>(),
  ],
  hooks: {
    validate,
    validateUpdate(object, old) {
      const errors = [...validateObjectMetaUpdate(object, old), ...validate(object)];
      for (const field of ['driverName', 'parameters'] as const) {
        if (!deepEqual(object[field] ?? null, old[field] ?? null)) {
          errors.push(forbiddenField(field, `updates to ${field} are forbidden.`));
        }
      }
      return errors;
    },
  },
});
