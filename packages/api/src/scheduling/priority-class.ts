/** scheduling.k8s.io/v1 PriorityClass. */
import { type FieldError, forbiddenField } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { schedulingV1 } from '../group-versions.js';
import type { PriorityClass } from '../types.js';
import { validateOptionalEnum } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

export const highestUserPriority = 1_000_000_000;

/** The classes that every cluster has, for what it cannot do without. */
export const systemPriorityClasses: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

function validate(object: PriorityClass): FieldError[] {
  const { name } = object.metadata;
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName });
  if (name.startsWith('system-')) {
    const value = Object.hasOwn(systemPriorityClasses, name) ? systemPriorityClasses[name] : undefined;
    if (value === undefined || value !== object.value || object.globalDefault) {
      const why =
        value === undefined ? `${name} is not a known system priority class` : systemMismatch(name, value, object);
      const reserved = "priority class names with 'system-' prefix are reserved for system use only";
      errors.push(forbiddenField('metadata.name', `${reserved}. error: ${why}`));
    }
  } else if (object.value > highestUserPriority) {
    const why = `maximum allowed value of a user defined priority is ${highestUserPriority}`;
    errors.push(forbiddenField('value', why));
  }
  const policies = ['Never', 'PreemptLowerPriority'];
  return [...errors, ...validateOptionalEnum(object.preemptionPolicy, policies, 'preemptionPolicy')];
}

function systemMismatch(name: string, value: number, object: PriorityClass): string {
  return object.value === value
    ? `globalDefault of ${name} must be false`
    : `value of ${name} PriorityClass must be ${value}`;
}

function validateUpdate(object: PriorityClass, old: PriorityClass): FieldError[] {
  const errors = validateObjectMetaUpdate(object, old);
  if (object.value !== old.value) errors.push(forbiddenField('value', 'may not be changed in an update.'));
  return [...errors, ...validateImmutable(object.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy')];
}

const about = (field: string): string => `io.k8s.api.scheduling.v1.PriorityClass#${field}`;

export const priorityClass = defineKind<PriorityClass>({
  in: schedulingV1,
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  shortNames: ['pc'],
  clusterScoped: true,
  storagePath: 'priorityclasses',
  columns: [
    nameColumn<PriorityClass>(),
    column<PriorityClass>('Value', about('value'), (object) => object.value, { type: 'integer' }),
    column<PriorityClass>('Global-Default', about('globalDefault'), (object) => object.globalDefault ?? false, {
      type: 'boolean',
    }),
    ageColumn<PriorityClass>(),
    column<PriorityClass>(
      'PreemptionPolicy',
      about('preemptionPolicy'),
      (object) => object.preemptionPolicy ?? '<unset>',
    ),
  ],
  generation: true,
  hooks: {
    default(object) {
      object.value ??= 0;
      object.preemptionPolicy ??= 'PreemptLowerPriority';
    },
    validate,
    validateUpdate,
  },
});
