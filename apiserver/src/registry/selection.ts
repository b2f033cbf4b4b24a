/** Label and field selectors of a request as one predicate over stored entries. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import { type FieldSelector, parseFieldSelector } from '@kubelab/apimachinery/fields';
import { parseSelector, type Selector } from '@kubelab/apimachinery/labels';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { badRequest } from '@kubelab/apimachinery/status-error';
import type { EntryPredicate } from '../storage/store.js';

export interface Selection {
  /** Absent when everything is selected. */
  predicate?: EntryPredicate;
  /** The one object that can match, when the field selector says so. */
  name?: string;
  /** The one namespace that can match, when the field selector says so. */
  namespace?: string;
  matches(object: UnstructuredObject): boolean;
}

/** Throws StatusError 400 for a selector that cannot be parsed or names a field that the kind does not offer. */
export function parseSelection(
  definition: ResourceDefinition,
  labelSelector: string | null,
  fieldSelector: string | null,
): Selection {
  const labels = labelSelector ? parseSelector(labelSelector) : undefined;
  const fields = fieldSelector ? parseFieldSelector(fieldSelector) : undefined;
  if (fields) checkFields(definition, fields);
  const matches = (object: UnstructuredObject): boolean => matchesBoth(definition, object, labels, fields);
  const unselective = (!labels || labels.empty) && (!fields || fields.empty);
  const name = fields?.requires('metadata.name');
  const namespace = definition.namespaced ? fields?.requires('metadata.namespace') : undefined;
  return {
    matches,
    ...(unselective ? {} : { predicate: (entry) => matches(entry.object) }),
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function matchesBoth(
  definition: ResourceDefinition,
  object: UnstructuredObject,
  labels: Selector | undefined,
  fields: FieldSelector | undefined,
): boolean {
  if (labels && !labels.matches(object.metadata.labels)) return false;
  return !fields || fields.matches((field) => fieldText(definition, object, field));
}

function checkFields(definition: ResourceDefinition, selector: FieldSelector): void {
  for (const { field } of selector.terms) {
    if (field === 'metadata.name' || field === 'metadata.namespace') continue;
    if (definition.selectableFields.includes(field)) continue;
    throw badRequest(
      definition.selectableFields.length > 0
        ? `field label not supported: ${field}`
        : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
    );
  }
}

/** Labels of upstream's field selectors that are not the path of a field. */
const computedFields: Readonly<Record<string, (object: UnstructuredObject) => unknown>> = {
  'events/source': (object) => valueAt(object, 'source.component') ?? object['reportingComponent'],
  'jobs/status.successful': (object) => valueAt(object, 'status.succeeded') ?? 0,
  'namespaces/name': (object) => object.metadata.name,
  'pods/status.podIPs': (object) => valueAt(object, 'status.podIPs.0.ip'),
};

/** Fields whose absence reads as a value of their type, because Go has no absent booleans and integers. */
const zeroValues: Readonly<Record<string, string>> = {
  'nodes/spec.unschedulable': 'false',
  'pods/spec.hostNetwork': 'false',
  'replicasets/status.replicas': '0',
  'replicationcontrollers/status.replicas': '0',
};

/** What a field selector compares with: the field as text, '' where the object has none. */
export function fieldText(definition: ResourceDefinition, object: UnstructuredObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name;
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  const label = `${definition.plural}/${field}`;
  const value = Object.hasOwn(computedFields, label) ? computedFields[label]?.(object) : valueAt(object, field);
  if (value === undefined || value === null) return Object.hasOwn(zeroValues, label) ? (zeroValues[label] ?? '') : '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function valueAt(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
