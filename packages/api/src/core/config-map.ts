/** core/v1 ConfigMap. */
import { type FieldError, forbiddenField, invalid, tooLong } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { isConfigMapKey } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import type { ConfigMap } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const maxBytes = 1024 * 1024;
const frozen = 'field is immutable when `immutable` is set';

function validateConfigMap(configMap: ConfigMap): FieldError[] {
  const errors = validateObjectMeta(configMap.metadata, { namespaced: true, name: dnsSubdomainName });
  const { data = {}, binaryData = {} } = configMap;
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...validateWith(isConfigMapKey, key, `data[${key}]`));
    if (Object.hasOwn(binaryData, key)) {
      errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    size += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...validateWith(isConfigMapKey, key, `binaryData[${key}]`));
    size += Buffer.byteLength(value, 'base64');
  }
  if (size > maxBytes) errors.push(tooLong('', maxBytes));
  return errors;
}

/** ConfigMaps and Secrets that are immutable stay so, and so does what they hold. */
export function validateFrozen(
  object: { immutable?: boolean },
  old: { immutable?: boolean },
  contents: Readonly<Record<string, readonly [unknown, unknown]>>,
): FieldError[] {
  if (!old.immutable) return [];
  const errors = object.immutable ? [] : [forbiddenField('immutable', frozen)];
  for (const [field, [value, before]] of Object.entries(contents)) {
    if (!deepEqual(value ?? {}, before ?? {})) errors.push(forbiddenField(field, frozen));
  }
  return errors;
}

export const configMap = defineKind<ConfigMap>({
  in: coreV1,
  kind: 'ConfigMap',
  shortNames: ['cm'],
  storagePath: 'configmaps',
  columns: [
    nameColumn<ConfigMap>(),
    column<ConfigMap>(
      'Data',
      'io.k8s.api.core.v1.ConfigMap#data',
      ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    ),
    ageColumn<ConfigMap>(),
  ],
  hooks: {
    validate: validateConfigMap,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validateFrozen(object, old, {
        data: [object.data, old.data],
        binaryData: [object.binaryData, old.binaryData],
      }),
      ...validateConfigMap(object),
    ],
  },
});
