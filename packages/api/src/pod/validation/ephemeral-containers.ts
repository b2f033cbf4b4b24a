/** Validation of the ephemeralcontainers subresource: containers for debugging, which come and never go. */
import { duplicate, type FieldError, forbiddenField, notFoundValue, required } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { isDNS1123Label } from '@kubelab/apimachinery/names';
import type { EphemeralContainer, Pod } from '../../types.js';
import { validateWith } from '../../validation/fields.js';

/** What an ephemeral container cannot have: it is never restarted, scheduled for or sent traffic. */
const forbidden = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
] as const;

export function validateEphemeralContainers(pod: Pod, old: Pod): FieldError[] {
  const path = 'spec.ephemeralContainers';
  const after = pod.spec.ephemeralContainers ?? [];
  const errors: FieldError[] = [];
  const taken = new Set([...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(({ name }) => name));
  for (const [index, container] of after.entries()) {
    const at = `${path}[${index}]`;
    errors.push(...validateContainer(container, at));
    if (taken.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    taken.add(container.name);
    const target = container.targetContainerName;
    const known = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some(({ name }) => name === target);
    if (target && !known) errors.push(notFoundValue(`${at}.targetContainerName`, target));
  }
  return [...errors, ...validateKept(after, old.spec.ephemeralContainers ?? [], path)];
}

function validateContainer(container: EphemeralContainer, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!container.name) errors.push(required(`${path}.name`));
  else errors.push(...validateWith(isDNS1123Label, container.name, `${path}.name`));
  if (!container.image) errors.push(required(`${path}.image`));
  for (const field of forbidden) {
    const value = container[field];
    const empty = value === undefined || Object.keys(value).length === 0;
    if (!empty) errors.push(forbiddenField(`${path}.${field}`, 'cannot be set for an Ephemeral Container'));
  }
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    if (mount.subPath) {
      errors.push(forbiddenField(`${path}.volumeMounts[${index}].subPath`, 'cannot be set for an Ephemeral Container'));
    }
  }
  return errors;
}

function validateKept(
  after: readonly EphemeralContainer[],
  before: readonly EphemeralContainer[],
  path: string,
): FieldError[] {
  return before.flatMap((container) => {
    const kept = after.find(({ name }) => name === container.name);
    const name = JSON.stringify(container.name);
    if (!kept) return [forbiddenField(path, `existing ephemeral containers ${name} may not be removed\n`)];
    if (deepEqual(kept, container)) return [];
    return [forbiddenField(path, `existing ephemeral containers ${name} may not be changed\n`)];
  });
}
