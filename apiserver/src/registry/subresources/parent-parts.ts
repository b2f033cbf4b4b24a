/**
 * Subresources that read and write a part of their parent in the parent's own kind: status, ephemeralcontainers, resize, approval,
 * finalize. Each says what of a submitted object may enter the stored one; everything else stays as it was.
 */

import { validateEphemeralContainers } from '@kubelab/api/pod/validation/ephemeral-containers';
import { validatePodResize } from '@kubelab/api/pod/validation/resize';
import type { Pod } from '@kubelab/api/types';
import type { FieldError } from '@kubelab/apimachinery/field-error';
import { deepClone } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { Resource } from '../resources.js';

interface ParentPart {
  /** Takes over from `submitted` what the subresource is about; `object` is a copy of what is stored. */
  take(object: UnstructuredObject, submitted: UnstructuredObject): void;
  validate?(object: UnstructuredObject, old: UnstructuredObject): FieldError[];
}

type Fields = Record<string, unknown>;

const fieldsOf = (object: UnstructuredObject, name: string): Fields => (object[name] as Fields | undefined) ?? {};

function takeField(object: UnstructuredObject, submitted: UnstructuredObject, part: string, field: string): void {
  const target: Fields = { ...fieldsOf(object, part) };
  const value = fieldsOf(submitted, part)[field];
  if (value === undefined) delete target[field];
  else target[field] = value;
  object[part] = target;
}

function takeStatus(object: UnstructuredObject, submitted: UnstructuredObject): void {
  if (submitted['status'] === undefined) delete object['status'];
  else object['status'] = submitted['status'];
}

/** Of built-in kinds the status brings the metadata with it. */
const status: ParentPart = {
  take(object, submitted) {
    object.metadata = { ...submitted.metadata };
    takeStatus(object, submitted);
  },
};

/** A status that brings the metadata with it, but for this field. */
function statusWithout(field: 'labels' | 'ownerReferences'): ParentPart {
  return {
    take(object, submitted) {
      const { [field]: kept } = object.metadata;
      status.take(object, submitted);
      if (kept === undefined) delete object.metadata[field];
      else object.metadata = { ...object.metadata, [field]: kept };
    },
  };
}

/** Of custom kinds, and some others, the status subresource changes the status alone. */
const statusAlone: ParentPart = { take: takeStatus };

const ephemeralContainers: ParentPart = {
  take: (object, submitted) => takeField(object, submitted, 'spec', 'ephemeralContainers'),
  validate: (object, old) => validateEphemeralContainers(object as unknown as Pod, old as unknown as Pod),
};

interface ResizableContainer {
  name: string;
  resources?: unknown;
  resizePolicy?: unknown;
}

const resize: ParentPart = {
  take(object, submitted) {
    const spec: Fields = { ...fieldsOf(object, 'spec') };
    for (const list of ['containers', 'initContainers']) {
      const wanted = (fieldsOf(submitted, 'spec')[list] as ResizableContainer[] | undefined) ?? [];
      const current = spec[list] as ResizableContainer[] | undefined;
      if (!current) continue;
      spec[list] = current.map((container) => {
        const change = wanted.find((other) => other.name === container.name);
        return change?.resources === undefined ? container : { ...container, resources: change.resources };
      });
    }
    object['spec'] = spec;
  },
  validate: (object, old) => validatePodResize(object as unknown as Pod, old as unknown as Pod),
};

const approval: ParentPart = {
  take(object, submitted) {
    object.metadata = { ...submitted.metadata };
    takeField(object, submitted, 'status', 'conditions');
  },
};

const finalize: ParentPart = {
  take(object, submitted) {
    object.metadata = { ...submitted.metadata };
    takeField(object, submitted, 'spec', 'finalizers');
  },
};

const parts: Readonly<Record<string, ParentPart>> = {
  'deployments/status': statusWithout('labels'),
  'pods/status': statusWithout('ownerReferences'),
  'flowschemas/status': statusAlone,
  'prioritylevelconfigurations/status': statusAlone,
  'volumeattachments/status': statusAlone,
  'pods/ephemeralcontainers': ephemeralContainers,
  'pods/resize': resize,
  'certificatesigningrequests/approval': approval,
  'namespaces/finalize': finalize,
};

function partFor({ definition }: Resource, subresource: string): ParentPart | undefined {
  if (subresource !== 'status') return parts[`${definition.plural}/${subresource}`];
  if (definition.custom) return statusAlone;
  return parts[`${definition.plural}/status`] ?? status;
}

/** Whether the subresource is one that shows and changes a part of its parent. */
export function isParentPart(resource: Resource, subresource: string): boolean {
  return partFor(resource, subresource) !== undefined;
}

/** Leaves in `object` only what the subresource may change, the rest as in `old`. */
export function restoreForSubresource(
  resource: Resource,
  subresource: string,
  object: UnstructuredObject,
  old: UnstructuredObject,
): void {
  const part = partFor(resource, subresource);
  if (!part) return;
  const submitted: UnstructuredObject = { ...object };
  for (const field of Object.keys(object)) {
    if (field !== 'metadata') delete object[field];
  }
  const { metadata, ...rest } = old;
  Object.assign(object, deepClone(rest));
  // Metadata beyond what the part takes stays; identity and resourceVersion are checked against the submitted one.
  const { uid, resourceVersion, managedFields } = submitted.metadata;
  object.metadata = { ...deepClone(metadata), uid, resourceVersion, ...(managedFields ? { managedFields } : {}) };
  part.take(object, submitted);
}

export function validateForSubresource(
  resource: Resource,
  subresource: string,
  object: UnstructuredObject,
  old: UnstructuredObject,
): FieldError[] {
  return partFor(resource, subresource)?.validate?.(object, old) ?? [];
}
