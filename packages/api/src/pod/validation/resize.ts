/** Validation of the resize subresource: cpu and memory of running containers. */
import { type FieldError, forbiddenField, invalid } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { Container, Pod, ResourceRequirements } from '../../types.js';
import { qosClass } from '../qos.js';
import { validatePod } from './pod.js';

const resizable = ['cpu', 'memory'];

export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  const errors = validatePod(pod);
  const before = old.status?.qosClass ?? qosClass(old.spec);
  if (qosClass(pod.spec) !== before) {
    errors.push(invalid('spec', qosClass(pod.spec), 'Pod QOS Class may not change as a result of resizing'));
  }
  const lists = ['containers', 'initContainers'] as const;
  for (const list of lists)
    errors.push(...validateContainers(pod.spec[list] ?? [], old.spec[list] ?? [], `spec.${list}`));
  return errors;
}

function validateContainers(after: readonly Container[], before: readonly Container[], path: string): FieldError[] {
  return after.flatMap((container, index) => {
    const old = before.find(({ name }) => name === container.name);
    const same = deepEqual(fixedPart(container.resources), fixedPart(old?.resources));
    if (same) return [];
    return [forbiddenField(`${path}[${index}].resources`, 'only cpu and memory resources are mutable')];
  });
}

/** What of the resources a resize leaves as it is. */
function fixedPart(resources: ResourceRequirements | undefined): unknown {
  const others = (amounts: Record<string, string> | undefined): unknown =>
    Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => !resizable.includes(name)));
  return { limits: others(resources?.limits), requests: others(resources?.requests), claims: resources?.claims ?? [] };
}
