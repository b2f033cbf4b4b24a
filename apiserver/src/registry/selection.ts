/** Label and field selectors of a request as one predicate over stored entries. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import { selectableFieldValue } from '@kubelab/api/selectable-fields';
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
  return !fields || fields.matches((field) => selectableFieldValue(definition, object, field));
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
